import GoTemplate
import JSON
import Testing

@Suite("Templates in documents")
struct TemplateTests {
  let data = Value(
    .object([
      "n": .int(5_000_000), "b": .bool(true), "f": .double(1.5), "s": .string("x"), "l": .array([.int(1)]),
      "m": .object(["k": .null]),
    ]))

  @Test(
    "a single expression keeps the type of its value",
    arguments: [
      ("{{ .n }}", .int(5_000_000)), (" {{- .b -}} \n", .bool(true)), ("{{ .f }}", .double(1.5)),
      ("\n {{ .l }}", .array([.int(1)])), ("{{ .m }}", .object(["k": .null])), ("{{ .m.k }}", .null),
      ("{{ .nope }}", .null), ("{{ eq .n 5000000 }}", .bool(true)), ("{{ len .l }}", .int(1)),
      ("{{ .n }}{{ .s }}", .string("5000000x")), ("n={{ .n }}", .string("n=5000000")), ("true", .string("true")),
      ("{{ $x := .n }}", .string("")), ("{{ if .b }}{{ .n }}{{ end }}", .string("5000000")), ("", .string("")),
    ] as [(String, JSONValue)])
  func evaluate(_ text: String, _ wanted: JSONValue) throws {
    #expect(try Template(text).evaluate(data).json == wanted)
  }

  @Test(
    "a template knows whether it is one expression or no expression",
    arguments: [
      ("{{ .a }}", true, false), (" {{ .a }}\n", true, false), ("x{{ .a }}", false, false),
      ("plain }} text", false, true),
      ("{{ $x := 1 }}", false, false), ("a{{/* note */}}b", false, true), ("{{ .a }}{{ .b }}", false, false),
      (#"{{ define "t" }}{{ .a }}{{ end }}{{ .b }}"#, true, false),
    ])
  func shape(_ text: String, isSingleExpression: Bool, isLiteral: Bool) throws {
    let template = try Template(text)
    #expect(template.isSingleExpression == isSingleExpression)
    #expect(template.isLiteral == isLiteral)
  }

  @Test("whole numbers of our documents are ints, and those of Go's JSON are floats")
  func numbers() throws {
    let template = try Template("{{ .n }} {{ kindOf .n }}")
    let json = JSONValue.object(["n": .int(1_000_000)])
    #expect(try template.render(Value(json, numbers: .integers)) == "1000000 int")
    #expect(try template.render(Value(json, numbers: .float64)) == "1e+06 float64")
  }

  @Test("a value becomes JSON and comes back")
  func json() {
    let json = JSONValue.object(["a": .array([.null, .bool(true), .int(1), .double(0.5), .string("ä")])])
    #expect(Value(json).json == json)
    #expect(Value.bytes([104, 105]).json == .string("aGk="))
    #expect(Value.float(.infinity).json == nil)
    let loop = MapValue()
    loop.entries["self"] = .map(loop)
    #expect(Value.map(loop).json == nil)
    loop.entries = [:]
  }

  @Test("one template can be rendered by many tasks at once")
  func sharing() async throws {
    let template = try Template("{{ range .l }}{{ . }}{{ end }}")
    let texts = try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<20 {
        group.addTask { try template.render(Value(.object(["l": .array([.int(Int64(number)), .string("!")])]))) }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(texts == Set((0..<20).map { "\($0)!" }))
  }
}
