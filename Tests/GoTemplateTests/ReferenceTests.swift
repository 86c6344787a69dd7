import GoTemplate
import Testing

@Suite("What a template reads from its data")
struct ReferenceTests {
  @Test(
    "chains from the root are found; a star says that there is more below",
    arguments: [
      ("plain {{/* .a */}}", []),
      ("{{ .Params.x }}", ["Params.x"]),
      ("{{ $.Params.x }}{{ $ }}{{ . }}", ["Params.x"]),
      ("{{ .a | default .b.c | upper }}", ["a", "b.c"]),
      ("{{ $s := .Steps.dump }}{{ $s.out.size }}", ["Steps.dump", "Steps.dump.out.size"]),
      ("{{ $x := .a }}{{ if .t }}{{ $x = .b }}{{ end }}{{ $x.y }}", ["a", "b", "t"]),
      (#"{{ index .Steps "my-step" "out" }}"#, ["Steps.my-step.out"]),
      (#"{{ (index .Steps "my-step").out.size }}"#, ["Steps.my-step.out.size"]),
      (#"{{ index .Steps .name "x" }}"#, ["Steps*", "name"]),
      (#"{{ index .list 0 }}{{ index . "top" }}"#, ["list*", "top"]),
      ("{{ range .list }}{{ .name }}{{ $.Params.x }}{{ end }}", ["Params.x", "list", "list*"]),
      ("{{ range $i, $e := .list }}{{ $e.name }}{{ $i }}{{ end }}", ["list", "list*"]),
      ("{{ with .Params }}{{ .x }}{{ else }}{{ .y }}{{ end }}", ["Params", "Params.x", "y"]),
      ("{{ with upper .a }}{{ .x }}{{ end }}", ["a"]),
      ("{{ (.a | upper).x }}{{ printf \"%s\" (lower .b) }}", ["a", "b"]),
      (#"{{ define "t" }}{{ .x }}{{ $.y }}{{ end }}{{ template "t" .a }}"#, ["a", "a.x", "a.y"]),
      (#"{{ define "t" }}{{ .x }}{{ template "t" .n }}{{ end }}{{ template "t" . }}"#, nil),
      (#"{{ define "t" }}{{ .x }}{{ end }}{{ template "t" }}"#, []),
    ] as [(String, [String]?)])
  func references(_ text: String, _ wanted: [String]?) throws {
    let found = Set(try Template(text).references.map { $0.path.joined(separator: ".") + ($0.isExact ? "" : "*") })
    guard let wanted else {
      #expect(found.isSuperset(of: ["x", "n.x", "n.n.x"]))
      return
    }
    #expect(found.sorted() == wanted.sorted())
  }

  @Test("a reference knows its place in bytes")
  func offsets() throws {
    let references = try Template("ä {{ .a }}{{ upper .b.c }}").references
    #expect(
      references == [
        TemplateReference(path: ["a"], offset: 6, isExact: true),
        TemplateReference(path: ["b", "c"], offset: 20, isExact: true),
      ])
  }

  @Test("templates that call one another through deep nesting do not end the stack")
  func nesting() async throws {
    let text = (0..<300).map { number in
      #"{{ define "t\#(number)" }}"# + String(repeating: "{{ if .a }}", count: 90)
        + #"{{ template "t\#(number + 1)" . }}"# + String(repeating: "{{ end }}", count: 90) + "{{ end }}"
    }
    let template = try Template(text.joined() + #"{{ template "t0" . }}{{ .b }}"#)
    let paths = await Task.detached { Set(template.references.map(\.path)) }.value
    #expect(paths == [["a"], ["b"]])
  }
}
