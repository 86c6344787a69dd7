import GoTemplate
import JSON
import Testing

@Suite("Limits of templates")
struct TemplateLimitTests {
  /// The message of the error that a template gives, run on a task, whose stack is a small one.
  private func message(_ text: String, limits: TemplateLimits = .init()) async -> String {
    await Task.detached {
      do throws(TemplateError) {
        let output = try Template(text).render(.map([:]), options: RenderOptions(limits: limits))
        return "no error, but \(output.utf8.count) bytes"
      } catch {
        return error.message
      }
    }.value
  }

  @Test("templates that call one another without end are stopped")
  func recursion() async {
    #expect(
      await message(#"{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}"#).contains("end the recursion"))
    #expect(
      await message(
        #"{{ define "a" }}{{ if true }}{{ with 1 }}{{ template "b" }}{{ end }}{{ end }}{{ end }}"#
          + #"{{ define "b" }}{{ range 2 }}{{ template "a" }}{{ end }}{{ end }}{{ template "a" }}"#
      ).contains("end the recursion"))
  }

  @Test("deep nesting in the text and in calls is stopped before the stack ends")
  func nesting() async {
    let parentheses = String(repeating: "(", count: 50_000) + "1" + String(repeating: ")", count: 50_000)
    #expect(await message("{{ \(parentheses) }}").contains("nested more than 100 deep"))
    let ifs = String(repeating: "{{ if 1 }}", count: 50_000)
    #expect(await message(ifs).contains("nested more than 100 deep"))
    let elses = "{{ if 0 }}" + String(repeating: "{{ else if 0 }}", count: 50_000) + "{{ end }}"
    #expect(await message(elses).contains("nested more than 100 deep"))
    let nested =
      String(repeating: "{{ if 1 }}", count: 90) + #"{{ template "t" }}"# + String(repeating: "{{ end }}", count: 90)
    #expect(await message(#"{{ define "t" }}\#(nested){{ end }}{{ template "t" }}"#).contains("nested too deeply"))
    let inner = String(repeating: "(", count: 90) + "1" + String(repeating: ")", count: 90)
    #expect(await message("{{ \(inner) }}") == "no error, but 1 bytes")
  }

  @Test("endless work is stopped")
  func steps() async {
    var limits = TemplateLimits()
    limits.steps = 50
    #expect(await message("{{ range 2000000000 }}{{ end }}", limits: limits).contains("takes more than 50 steps"))
    #expect(await message("{{ range 100 }}{{ . }}{{ end }}", limits: limits).contains("takes more than 50 steps"))
  }

  @Test("work on large values is stopped, though nothing large is printed")
  func work() async {
    var limits = TemplateLimits()
    limits.steps = 10_000
    let growing = "{{ $x := list }}{{ range 5000 }}{{ $x = append $x . }}{{ end }}"
    #expect(await message(growing, limits: limits).contains("takes more than 10000 steps"))
    let hashing = #"{{ $x := repeat 100000 "a" }}{{ range 100 }}{{ $h := sha256sum $x }}{{ end }}"#
    #expect(await message(hashing, limits: limits).contains("takes more than 10000 steps"))
  }

  @Test("a large output is stopped, also one that a single function makes")
  func output() async {
    var limits = TemplateLimits()
    limits.outputBytes = 1000
    #expect(await message("{{ range 100 }}0123456789-{{ end }}", limits: limits).contains("limit of 1000 bytes"))
    #expect(await message(#"{{ repeat 1000000000 "0123456789" }}"#).contains("limit"))
    #expect(await message(#"{{ repeat 9223372036854775807 "0123456789" }}"#).contains("limit"))
    #expect(await message(#"{{ printf "%1000000d" 1 | len }}"#, limits: limits).contains("limit of 1000 bytes"))
    #expect(await message(#"{{ until 1000000000 }}"#).contains("limit"))
  }

  @Test("doubling text in a loop is stopped by the limit of output")
  func doubling() async {
    var limits = TemplateLimits()
    limits.outputBytes = 100_000
    let text = #"{{ $x := "0123456789" }}{{ range 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ len $x }}"#
    #expect(await message(text, limits: limits).contains("limit"))
    let joined = #"{{ $x := "0123456789" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}{{ len $x }}"#
    #expect(await message(joined, limits: limits).contains("limit"))
    let nested = "{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ print $x }}"
    #expect(await message(nested, limits: limits).contains("limit"))
  }

  @Test("a map that is put into itself is an error")
  func cycles() async {
    #expect(await message(#"{{ $d := dict "a" 1 }}{{ $_ := set $d "self" $d }}{{ $d }}"#).contains("nested in itself"))
  }
}
