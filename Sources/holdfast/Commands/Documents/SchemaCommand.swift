internal import CommandSyntax
internal import Terminal
internal import WorkflowDSL

/// `holdfast schema`
enum SchemaCommand {
  static let kind = Operand<DocumentTarget?>.optional(.document, "The kind of document; all if not given")

  static let command = Command(
    name: "schema",
    summary: "Print the JSON Schema of documents, for editors",
    discussion: [
      "Made from the declarations that 'holdfast validate' checks with. For the YAML extension of VS Code and for yaml-language-server: "
        + "begin a file with '# yaml-language-server: $schema=holdfast.schema.json'."
    ],
    operands: [kind.description],
    examples: [Example(purpose: "For all kinds of documents", line: "holdfast schema > holdfast.schema.json")],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    writeText(JSONSchema(kinds: knownCatalog).schema(of: arguments[kind]?.kind).indentedText + "\n")
  }
}
