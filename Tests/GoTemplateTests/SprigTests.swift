import Testing

@testable import GoTemplate

/// What the golden cases leave out: functions of which Go's output is random or depends on the day, and corners.
@Suite("Sprig's functions")
struct SprigTests {
  static func render(_ template: String, _ data: Value = .map([:])) throws -> String {
    try Template(template).render(data)
  }

  @Test(
    "functions that the golden cases leave out",
    arguments: [
      (#"{{ swapcase "aB cD" }} {{ initials "" }}"#, "Ab Cd "),
      (#"{{ replace "" "-" "aé" }}{{ repeat 9223372036854775807 "" }}"#, "-a-é-"),
      (#"{{ split "" "aé" | toJson }}"#, #"{"_0":"a","_1":"é"}"#),
      (#"{{ splitn "" 2 "abc" | toJson }}"#, #"{"_0":"a","_1":"bc"}"#),
      (#"{{ list "a\nb" | toYaml }}"#, "- |-\n  a\n  b"), (#"{{ (fromYaml "a: [1, x]").a }}"#, "[1 x]"),
      (#"{{ osBase "a/b" }} {{ osExt "a.b/c" }}|{{ osClean "" }}"#, "b |."), (#"{{ dict "a" 1 | toYaml }}"#, "a: 1"),
      (#"{{ deepEqual (list 1 (dict "a" 2)) (list 1 (dict "a" 2)) }}{{ deepEqual 1 1.0 }}"#, "truefalse"),
      (#"{{ divf 0.3 0.1 }} {{ addf 1e300 1e300 }} {{ mulf 1.1 1.1 }}"#, "3 2e+300 1.21"),
      (#"{{ round 2.5 0 0.6 }} {{ round 123 -400 }}"#, "2 NaN"),
      (#"{{ abbrev 3 "abcdef" }}{{ abbrevboth -9 5 "abcdef" }}"#, "abcdefab..."),
      (#"{{ range chunk 2 (list 1 2 3) }}{{ . }}{{ end }}{{ chunk 2 list }}"#, "[1 2][3][]"),
      (#"{{ b64dec "YQ=\n=" }}"#, "a"),
      (
        #"{{ b64dec "YWI" }} {{ b64dec "YW=I" }} {{ b64dec "=" }} {{ b64dec "YQ=" }}"#,
        "illegal base64 data at input byte 0 illegal base64 data at input byte 2 illegal base64 data at input byte 0 "
          + "illegal base64 data at input byte 3"
      ),
      (
        #"{{ b32dec "ME======" }} {{ b32dec "ME=====" }} {{ b32dec "MFR=====" }} {{ b32enc "" }}"#,
        "a illegal base32 data at input byte 7 illegal base32 data at input byte 3 "
      ),
      (
        #"{{ durationRound "400h" }} {{ durationRound "9000h" }} {{ ago (now | dateModify "-90m") | trunc 5 }}"#,
        "16d 1y 1h30m"
      ),
      (
        #"{{ $t := now }}{{ ($t.Sub $t).Hours }} {{ $t.Before $t }} {{ (toDate "2006" "2024").IsZero }}"#,
        "0 false false"
      ),
      (
        #"{{ htmlDateInZone (int64 1700000000) "Asia/Tokyo" }} {{ date_modify "x" (toDate "2006" "2024") }}"#,
        "2023-11-15 2024-01-01 00:00:00 +0000 UTC"
      ),
      (#"{{ toJson (toDate "2006" "2024") }}{{ toJson (semver "v1") }}"#, #""2024-01-01T00:00:00Z""1.0.0""#),
      (#"{{ mergeOverwrite (dict "a" (dict "b" 1)) (dict "a" "flat") }}"#, "map[a:flat]"),
      (#"{{ $d := dict "a" 1 }}{{ merge $d $d }}"#, "map[a:1]"),
      (#"{{ urlParse "//h:1/p?" | urlJoin }} {{ urlParse "a/b:c" | urlJoin }}"#, "//h:1/p a/b:c"),
    ])
  func corners(template: String, expected: String) throws {
    #expect(try Self.render(template) == expected)
  }

  @Test(
    "version constraints",
    arguments: [
      ("~1.2.3", "1.2.9", true), ("~1.2.3", "1.3.0", false), ("~1", "1.9.0", true), ("^1.2", "1.9.0", true),
      ("^1.2", "2.0.0", false),
      ("^0.2.3", "0.3.0", false), ("^0.0.3", "0.0.4", false), ("^0", "0.9.0", true), ("1.2 - 1.4", "1.4.9", true),
      ("1.2 - 1.4", "1.5.0", false), ("> 1.2", "1.2.9", false), (">1.2", "1.3.0", true), ("<=1.2", "1.2.9", true),
      ("!=1.2.x", "1.2.3", false),
      ("*", "9.9.9", true), ("", "1.0.0", true), (">=1.0.0", "1.1.0-beta", false), (">=1.0.0-0", "1.1.0-beta", true),
      ("<1 || >=2, !=2.1.0", "2.1.0", false), ("<1||>=2", "0.1.0", true), ("=>1.0", "1.0.0", true),
    ])
  func constraints(constraint: String, version: String, expected: Bool) throws {
    let allows = try #require(VersionConstraint(constraint)).allows(try #require(SemanticVersion(version)))
    #expect(allows == expected)
  }

  @Test(
    "what is no version or constraint",
    arguments: ["1.2.3.4", "a", "1..2", "1.2.3-", "1.2.3+a..b", "99999999999999999999"])
  func noVersions(text: String) {
    #expect(SemanticVersion(text) == nil)
    #expect(VersionConstraint(">=" + text) == nil)
  }

  @Test("prereleases come in their order")
  func prereleases() throws {
    let texts = [
      "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.1-0",
    ]
    let versions = try texts.map { try #require(SemanticVersion($0)) }
    for (left, right) in zip(versions, versions.dropFirst()) {
      #expect(left.compare(right) == -1)
      #expect(right.compare(left) == 1)
    }
  }

  @Test("random texts have their length and alphabet")
  func random() throws {
    #expect(try GoRegex("^[a-zA-Z0-9]{20}$").matches(Array(Self.render("{{ randAlphaNum 20 }}").utf8)))
    #expect(
      try GoRegex("^\\d{5} [a-zA-Z]{3}$").matches(Array(Self.render("{{ randNumeric 5 }} {{ randAlpha 3 }}").utf8)))
    let uuid = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    #expect(try GoRegex(uuid).matches(Array(Self.render("{{ uuidv4 }}").utf8)))
    #expect(try Self.render("{{ uuidv4 }}") != Self.render("{{ uuidv4 }}"))
    #expect(try Self.render("{{ randInt 3 4 }} {{ randBytes 3 | len }}") == "3 4")
  }

  @Test(
    "functions that could make something huge refuse",
    arguments: [
      #"{{ repeat 999999999 "x" }}"#, "{{ until 2000000 }}", "{{ untilStep 0 9223372036854775807 1 }}",
      "{{ seq 1 9999999 }}",
      "{{ untilStep -9223372036854775808 9223372036854775807 1 }}", #"{{ indent 99999999 "x" }}"#,
      "{{ randAlphaNum 999999999 }}",
      #"{{ regexReplaceAll "" (repeat 100000 "x") (repeat 1000 "y") }}"#,
      #"{{ replace "x" (repeat 10000 "y") (repeat 10000 "x") }}"#,
      #"{{ join (repeat 100000 "x") (until 10000) }}"#, #"{{ wrapWith 1 (repeat 10000 "x") (repeat 10000 "y") }}"#,
      #"{{ $l := list 1 }}{{ range until 30 }}{{ $l = concat $l $l }}{{ end }}"#,
      #"{{ splitList "" (repeat 2000000 "x") }}"#,
      #"{{ $l := list 1 }}{{ range until 40 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}"#,
      #"{{ $l := list 1 }}{{ $m := list 1 }}{{ range until 22 }}{{ $l = list $l $l }}{{ $m = list $m $m }}{{ end }}{{ has $l (list $m) }}"#,
      #"{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ deepCopy $d }}"#,
    ])
  func limits(template: String) async {
    var limits = TemplateLimits()
    limits.outputBytes = 4 << 20
    let options = RenderOptions(limits: limits)
    let message = await Task.detached {  // whose stack is a small one
      do throws(TemplateError) {
        return "no error, but \(try Template(template).render(.map([:]), options: options).utf8.count) bytes"
      } catch {
        return error.message
      }
    }.value
    #expect(["limit", "too large", "more than"].contains { message.contains($0) }, "\(message)")
  }

  @Test("patterns nested to the limit fit a task's stack")
  func nestedPattern() async throws {
    let pattern = String(repeating: "(?:a|", count: 190) + "b" + String(repeating: ")*", count: 190)
    let found = try await Task.detached { try GoRegex(pattern).first(in: Array("aab".utf8)) }.value
    #expect(found == 0..<3)
  }
}
