/** Expressions for people: cards in text and HTML, and progress. */
export { escapeHtml, htmlCard, mimeBundle, textCard } from "./card.js";
export { bytesText, countText, secondsText } from "./numbers.js";
export { type Excerpt, elementText, excerptText } from "./preview.js";
export { type ProgressState, progressLine } from "./progress.js";
export { type Summary, stepName, summaryOf } from "./summary.js";
