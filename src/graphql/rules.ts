import {
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type ASTVisitor,
  type FragmentDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { LIMITS } from '../limits.js';

/**
 * The limits on a document, the same over HTTP and WebSocket. The tokens are counted by the parser
 * (`LIMITS.documentTokens`), everything else here. Introspection is exempt from the depth: where it is off, its own rule
 * refuses it.
 */
export const documentLimits: readonly ValidationRule[] = [nameRule, depthRule, aliasRule, largeTextRule, directiveRule];

/** @param introspection whether it is answered */
export function documentRules(introspection: boolean): readonly ValidationRule[] {
  return introspection ? documentLimits : [...documentLimits, NoSchemaIntrospectionCustomRule];
}

/** Parser options that go with {@link documentLimits}. */
export const parseLimits = { maxTokens: LIMITS.documentTokens } as const;

/** Options of `validate`: it stops at the first few errors, and where introspection is off makes no suggestions. */
export function validationLimits(introspection: boolean): { maxErrors: number; hideSuggestions: boolean } {
  return { maxErrors: LIMITS.errorsPerRequest, hideSuggestions: !introspection };
}

/** First: what else may be wrong with a document is told with its names. */
function nameRule(context: ValidationContext): ASTVisitor {
  return {
    Name(node) {
      if (node.value.length > LIMITS.documentNameLength) {
        context.reportError(
          new GraphQLError(`A name in the document is longer than ${LIMITS.documentNameLength} characters.`, {
            nodes: node,
          }),
        );
      }
    },
  };
}

function depthRule(context: ValidationContext): ASTVisitor {
  const ofFragment = new Map<FragmentDefinitionNode, number>();

  function depthOf(set: SelectionSetNode): number {
    let deepest = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        if (selection.name.value.startsWith('__')) continue;
        deepest = Math.max(deepest, 1 + (selection.selectionSet ? depthOf(selection.selectionSet) : 0));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        deepest = Math.max(deepest, depthOf(selection.selectionSet));
      } else {
        const fragment = context.getFragment(selection.name.value);
        if (fragment) deepest = Math.max(deepest, depthOfFragment(fragment));
      }
    }
    return deepest;
  }

  /** Each fragment is measured once; one that is being measured counts as empty, as cycles are refused elsewhere. */
  function depthOfFragment(fragment: FragmentDefinitionNode): number {
    const known = ofFragment.get(fragment);
    if (known !== undefined) return known;
    ofFragment.set(fragment, 0);
    const depth = depthOf(fragment.selectionSet);
    ofFragment.set(fragment, depth);
    return depth;
  }

  return {
    OperationDefinition(node) {
      if (depthOf(node.selectionSet) > LIMITS.documentDepth) {
        context.reportError(
          new GraphQLError(`The document is nested deeper than ${LIMITS.documentDepth}.`, { nodes: node }),
        );
      }
    },
  };
}

function aliasRule(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  return {
    Field(node) {
      if (node.alias && ++aliases === LIMITS.documentAliases + 1) {
        context.reportError(
          new GraphQLError(`The document has more than ${LIMITS.documentAliases} aliases.`, { nodes: node }),
        );
      }
    },
  };
}

/** Fields with the longest texts: under many names, a short document would have an answer thousands of times as long. */
const LARGE_TEXTS = new Set(['Call.attachment', 'SessionDescription.sdp', 'IceCandidate.candidate', '_Service.sdl']);

function largeTextRule(context: ValidationContext): ASTVisitor {
  const names = new Map<string, Set<string>>();
  return {
    Field(node) {
      const field = `${context.getParentType()?.name}.${node.name.value}`;
      if (!LARGE_TEXTS.has(field)) return;
      const given = names.get(field) ?? new Set();
      names.set(field, given.add((node.alias ?? node.name).value));
      if (given.size <= LIMITS.documentLargeTexts) return;
      context.reportError(
        new GraphQLError(`The document asks for ${field} under more than ${LIMITS.documentLargeTexts} names.`, {
          nodes: node,
        }),
      );
    },
  };
}

function directiveRule(context: ValidationContext): ASTVisitor {
  let directives = 0;
  return {
    Directive(node) {
      if (++directives === LIMITS.documentDirectives + 1) {
        context.reportError(
          new GraphQLError(`The document has more than ${LIMITS.documentDirectives} directives.`, { nodes: node }),
        );
      }
    },
  };
}
