import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Built into dist/, which the control plane serves at /console/. */
export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    target: "es2024",
    // The content security policy allows no data: addresses, so nothing is put into the style sheet or the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
