import { parse, type DocumentNode } from 'graphql';
import * as texts from './documents.js';

/** What GraphQL clients take for a typed document; the types are never there. */
export interface TypedDocument<Result, Variables> extends DocumentNode {
  __apiType?: (variables: Variables) => Result;
}

function node<Result, Variables>({ text }: texts.Document<Result, Variables>): TypedDocument<Result, Variables> {
  return parse(text, { noLocation: true });
}

// Bundlers leave out the calls whose results nobody uses, and with the last of them the parser.
export const CallDocument = /*#__PURE__*/ node(texts.CallDocument);
export const OpenCallsDocument = /*#__PURE__*/ node(texts.OpenCallsDocument);
export const RecentCallsDocument = /*#__PURE__*/ node(texts.RecentCallsDocument);
export const StartCallDocument = /*#__PURE__*/ node(texts.StartCallDocument);
export const ReportRingingDocument = /*#__PURE__*/ node(texts.ReportRingingDocument);
export const AnswerCallDocument = /*#__PURE__*/ node(texts.AnswerCallDocument);
export const DeclineCallDocument = /*#__PURE__*/ node(texts.DeclineCallDocument);
export const HangUpCallDocument = /*#__PURE__*/ node(texts.HangUpCallDocument);
export const SendDescriptionDocument = /*#__PURE__*/ node(texts.SendDescriptionDocument);
export const SendIceCandidatesDocument = /*#__PURE__*/ node(texts.SendIceCandidatesDocument);
export const ReportConnectionDocument = /*#__PURE__*/ node(texts.ReportConnectionDocument);
export const CallEventsDocument = /*#__PURE__*/ node(texts.CallEventsDocument);
export const CallRelayDocument = /*#__PURE__*/ node(texts.CallRelayDocument);
