/** The public page's style: system fonts, both colour schemes, contrast of at least 4.5 to 1 for text. */
export const pageStyle = `
:root{--back:#f4f5f7;--card:#fff;--text:#16191f;--quiet:#596273;--line:#e2e5ea;--ok:#157347;--ok-bar:#2fa36b;--warn:#8a5a00;--warn-bar:#e0a21b;--bad:#b3261e;--bad-bar:#d9483f;--plan:#2458c5;--none:#d5d9e0;--ok-back:#e3f4ea;--warn-back:#fdf1d8;--bad-back:#fbe4e2}
@media(prefers-color-scheme:dark){:root{--back:#101318;--card:#191d24;--text:#e9ecf1;--quiet:#9aa4b5;--line:#2a303a;--ok:#63d297;--ok-bar:#3dab72;--warn:#f0bd55;--warn-bar:#c98f1c;--bad:#ff8a80;--bad-bar:#d9534a;--plan:#86aeff;--none:#343b47;--ok-back:#14301f;--warn-back:#352a10;--bad-back:#3d1a18}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
.top,main,footer{max-width:50rem;margin:0 auto;padding:0 1rem}
.top{padding-top:2.5rem;padding-bottom:1.25rem}
h1{font-size:1.5rem;letter-spacing:-.015em;margin:0}
h2{font-size:1.05rem;margin:0 0 .5rem}
h3{font-size:1rem;font-weight:600;margin:0}
p{margin:0}
a{color:inherit}
a:focus-visible{outline:3px solid var(--plan);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem 1rem;border-radius:.5rem}
.quiet{color:var(--quiet);font-size:.875rem;font-weight:400}
.banner{display:flex;align-items:center;gap:.75rem;border-radius:.75rem;padding:1.1rem 1.25rem;font-size:1.15rem;font-weight:600;background:var(--ok-back);color:var(--ok)}
.banner.minor{background:var(--warn-back);color:var(--warn)}
.banner.major,.banner.critical{background:var(--bad-back);color:var(--bad)}
.mark{width:.8rem;height:.8rem;border-radius:50%;background:currentColor;flex:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.1rem 1.25rem;margin-top:1.25rem}
.card ul,.card ol{list-style:none;margin:0;padding:0}
.card li{padding:.8rem 0;border-top:1px solid var(--line)}
.card li:last-child{padding-bottom:0}
.row{display:flex;justify-content:space-between;align-items:baseline;gap:0 1rem;flex-wrap:wrap}
.state{font-weight:600;font-size:.9rem;white-space:nowrap}
.state::before{content:"";display:inline-block;width:.6em;height:.6em;border-radius:50%;background:currentColor;margin-right:.45em}
.operational{color:var(--ok)}.degraded_performance{color:var(--warn)}.partial_outage,.major_outage{color:var(--bad)}.under_maintenance{color:var(--plan)}
.major_outage::before,.partial_outage::before{border-radius:.1em}
.degraded_performance::before{transform:rotate(45deg);border-radius:0}
.bars{display:flex;gap:2px;height:1.75rem;margin-top:.6rem}
.bars i{flex:1;min-width:0;border-radius:1.5px;background:var(--none)}
.bars .up{background:var(--ok-bar)}.bars .down{background:var(--bad-bar)}
.scale{display:flex;justify-content:space-between;margin-top:.2rem;font-size:.78rem}
.recovery.live{border-color:var(--plan);box-shadow:inset 4px 0 0 var(--plan)}
.tiers{margin-top:.75rem!important}
progress{appearance:none;width:100%;height:.5rem;margin-top:.5rem;border:0;border-radius:.25rem;overflow:hidden;background:var(--none);display:block;accent-color:var(--plan)}
progress::-webkit-progress-bar{background:var(--none)}
progress::-webkit-progress-value{background:var(--plan)}
progress::-moz-progress-bar{background:var(--plan)}
.done progress::-webkit-progress-value{background:var(--ok-bar)}
.done progress::-moz-progress-bar{background:var(--ok-bar)}
.past{margin:2rem 0 0}
footer{color:var(--quiet);font-size:.85rem;padding-top:1.5rem;padding-bottom:3rem}
footer p+p{margin-top:.25rem}
@media(max-width:32rem){.bars i:nth-child(-n+45){display:none}.scale span:first-child{display:none}.scale{justify-content:flex-end}.top{padding-top:1.5rem}}
@media(prefers-reduced-motion:no-preference){.live .working progress{animation:work 1.6s ease-in-out infinite}@keyframes work{50%{opacity:.6}}}
`;
