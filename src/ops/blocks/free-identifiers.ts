/**
 * The names that a function takes from the scope it was written in, found in its syntax tree (ESTree). Scopes follow
 * strict mode: functions in blocks belong to the block.
 */

/** A node of the tree, as parsers of the ESTree family make it. */
export interface SyntaxNode {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Scope {
  readonly names: Set<string>;
  readonly parent: Scope | undefined;
  /** Where `var` declares: the scope of a function. */
  readonly hoists: boolean;
}

/** Names that are used and nowhere declared, in the order of their first use. `typeof name` alone is no use. */
export function freeIdentifiers(program: SyntaxNode): string[] {
  const finder = new Finder();
  finder.visit(program, { names: new Set(), parent: undefined, hoists: true });
  return finder.free();
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string";

class Finder {
  readonly #uses: { readonly name: string; readonly scope: Scope }[] = [];

  /** Once everything is declared: what no scope around a use has. */
  free(): string[] {
    const out = new Set<string>();
    for (const { name, scope } of this.#uses) {
      let at: Scope | undefined = scope;
      while (at !== undefined && !at.names.has(name)) at = at.parent;
      if (at === undefined) out.add(name);
    }
    return [...out];
  }

  visit(node: unknown, scope: Scope): void {
    if (Array.isArray(node)) for (const item of node) this.visit(item, scope);
    if (!isNode(node)) return;
    switch (node.type) {
      case "Identifier":
        this.#uses.push({ name: node["name"] as string, scope });
        return;
      case "FunctionDeclaration":
        this.#declare(node["id"], scope, scope);
        this.#function(node, scope);
        return;
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.#function(node, this.#named(node["id"], scope));
        return;
      case "ClassDeclaration":
        this.#declare(node["id"], scope, scope);
        this.#parts(node, ["superClass", "body"], this.#named(node["id"], scope));
        return;
      case "ClassExpression":
        this.#parts(node, ["superClass", "body"], this.#named(node["id"], scope));
        return;
      case "StaticBlock":
        this.visit(node["body"], inner(scope, true));
        return;
      case "VariableDeclaration":
        this.#variables(node, scope);
        return;
      case "CatchClause": {
        const own = inner(scope, false);
        this.#declare(node["param"], own, own);
        this.visit(node["body"], own);
        return;
      }
      case "UnaryExpression":
        if (node["operator"] === "typeof" && isIdentifier(node["argument"])) return;
        break;
      case "LabeledStatement":
        this.visit(node["body"], scope);
        return;
      case "BreakStatement":
      case "ContinueStatement":
      case "MetaProperty":
        return;
      case "MemberExpression":
        this.visit(node["object"], scope);
        if (node["computed"] === true) this.visit(node["property"], scope);
        return;
      case "Property":
      case "MethodDefinition":
      case "PropertyDefinition":
        if (node["computed"] === true) this.visit(node["key"], scope);
        this.visit(node["value"], scope);
        return;
    }
    const own = BLOCKS.has(node.type) ? inner(scope, false) : scope;
    this.#parts(node, Object.keys(node), own);
  }

  #parts(node: SyntaxNode, fields: readonly string[], scope: Scope): void {
    for (const field of fields) this.visit(node[field], scope);
  }

  /** A scope with the name that a function or class has inside itself. */
  #named(id: unknown, scope: Scope): Scope {
    if (!isNode(id)) return scope;
    const own = inner(scope, false);
    this.#declare(id, own, own);
    return own;
  }

  #function(node: SyntaxNode, scope: Scope): void {
    const own = inner(scope, true);
    if (node.type !== "ArrowFunctionExpression") own.names.add("arguments");
    for (const param of node["params"] as readonly unknown[]) this.#declare(param, own, own);
    const body = node["body"] as SyntaxNode;
    this.visit(body.type === "BlockStatement" ? body["body"] : body, own);
  }

  #variables(node: SyntaxNode, scope: Scope): void {
    let target = scope;
    if (node["kind"] === "var") {
      while (!target.hoists && target.parent !== undefined) target = target.parent;
    }
    for (const item of node["declarations"] as readonly SyntaxNode[]) {
      this.#declare(item["id"], target, scope);
      this.visit(item["init"], scope);
    }
  }

  /** Declares the names of a pattern in `target`; its defaults and computed keys are uses in `scope`. */
  #declare(pattern: unknown, target: Scope, scope: Scope): void {
    if (!isNode(pattern)) return;
    switch (pattern.type) {
      case "Identifier":
        target.names.add(pattern["name"] as string);
        return;
      case "ObjectPattern":
        for (const item of pattern["properties"] as readonly SyntaxNode[]) {
          if (item.type === "RestElement") this.#declare(item["argument"], target, scope);
          else {
            if (item["computed"] === true) this.visit(item["key"], scope);
            this.#declare(item["value"], target, scope);
          }
        }
        return;
      case "ArrayPattern":
        for (const item of pattern["elements"] as readonly unknown[]) {
          this.#declare(item, target, scope);
        }
        return;
      case "AssignmentPattern":
        this.#declare(pattern["left"], target, scope);
        this.visit(pattern["right"], scope);
        return;
      case "RestElement":
        this.#declare(pattern["argument"], target, scope);
    }
  }
}

const inner = (parent: Scope, hoists: boolean): Scope => ({ names: new Set(), parent, hoists });
const isIdentifier = (node: unknown): boolean => isNode(node) && node.type === "Identifier";
const BLOCKS: ReadonlySet<string> = new Set([
  "BlockStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "SwitchStatement",
]);
