/** Traces for people and for other programs: a page, Chrome's format, and figures. */
export { chromeTrace } from "./chrome.js";
export { type Lane, lanesOf } from "./lanes.js";
export { boxesOf, type TraceBox } from "./merge.js";
export { traceHtml } from "./page.js";
export { busySeconds, traceSummary } from "./summary.js";
