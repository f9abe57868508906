import { createRoot } from "react-dom/client";
import { z } from "zod";
import { App } from "./app.tsx";
import "./style.css";

// The content security policy forbids code made from text, which zod would otherwise try.
z.config({ jitless: true });

const place = document.getElementById("console");
if (place === null) throw new Error('index.html has no element with the id "console"');
createRoot(place).render(<App />);
