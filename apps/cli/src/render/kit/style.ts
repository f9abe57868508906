/** Black on white, readable from paper; commands keep their lines together and are broken only where the page ends. */
export const kitStyle = `
@page { margin: 16mm 14mm; }
* { box-sizing: border-box; }
body { max-width: 182mm; margin: 0 auto; padding: 8mm 0; color: #000; background: #fff; font: 10.5pt/1.45 "DejaVu Sans", Arial, sans-serif; }
header { border-bottom: 2pt solid #000; margin-bottom: 5mm; }
h1 { font-size: 19pt; line-height: 1.2; margin: 0 0 1mm; }
header p { margin: 0 0 3mm; }
h2 { font-size: 13pt; line-height: 1.25; margin: 7mm 0 2mm; break-after: avoid; }
p { margin: 0 0 2.2mm; orphans: 2; widows: 2; overflow-wrap: anywhere; }
.warning { border: 1.4pt solid #000; padding: 2mm 3mm; font-weight: bold; break-inside: avoid; }
pre { margin: 0 0 3mm; padding: 2mm 3mm; border-left: 2.5pt solid #000; background: #f3f3f3; font: 9pt/1.5 "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; break-inside: avoid; print-color-adjust: exact; }
pre code { display: block; font: inherit; padding-left: 5mm; text-indent: -5mm; }
table { width: 100%; border-collapse: collapse; margin: 0 0 3mm; font-size: 8.8pt; break-inside: avoid; }
span { display: inline-block; max-width: 100%; text-indent: 0; }
th, td { border-bottom: 0.6pt solid #888; padding: 1.2mm 2mm 1.2mm 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { border-bottom: 1pt solid #000; font-weight: bold; white-space: nowrap; }
td:nth-child(2), td:last-child { overflow-wrap: normal; }
td:first-child { min-width: 34mm; }
.blanks { display: grid; grid-template-columns: repeat(3, 1fr); gap: 5mm 6mm; margin: 4mm 0 5mm; }
.blanks dt { font-size: 8.5pt; }
.blanks dd { margin: 0; height: 7mm; border-bottom: 0.8pt solid #000; }
`;
