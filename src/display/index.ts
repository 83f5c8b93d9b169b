/** Expressions for people: cards in text and HTML, and progress. */
export { type CardNotes, htmlCard, mimeBundle, textCard } from "./card.js";
export { escapeHtml } from "./escape.js";
export { bytesText, countText, secondsText } from "./numbers.js";
export { planDrawing } from "./plan-drawing.js";
export { type Excerpt, elementText, excerptText } from "./preview.js";
export { type ProgressState, progressHtml, progressLine, type RunState } from "./progress.js";
export { type Summary, stepName, summaryOf } from "./summary.js";
export { type Values, valuesBundle } from "./values.js";
