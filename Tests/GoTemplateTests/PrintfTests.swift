import GoTemplate
import Testing

@Suite("printf beyond the recorded cases")
struct PrintfTests {
  @Test(
    "verbs, flags, widths and positions print as Go's fmt does",
    arguments: [
      (#"printf "%[2]s %[1]s" "a" "b""#, "b a"),
      (#"printf "%[5]d" 1"#, "%!d(BADINDEX)"),
      (#"printf "%x|% x|%X|%#x" "hi" "hi" "hi" 255"#, "6869|68 69|6869|0xff"),
      (#"printf "%o|%#o|%O|%b|%#b" 8 8 8 5 5"#, "10|010|0o10|101|0b101"),
      (#"printf "%+d|% d|%-4d|%04d|%.3d" 3 3 3 -3 3"#, "+3| 3|3   |-003|003"),
      (#"printf "%e|%.1e|%g" 1234.5 0.0 1e21"#, "1.234500e+03|0.0e+00|1e+21"),
      (#"printf "%08.3f|%5.1f|%6.2f%%|%+.1f" -3.14159 2.25 99.5 1.0"#, "-003.142|  2.2| 99.50%|+1.0"),
      (#"printf "%-5s|%5s|%.2s" "ab" "ab" "héllo""#, "ab   |   ab|hé"),
      (#"printf "%T %T %T %T" (list 1) (dict) nil 1.5"#, "[]interface {} map[string]interface {} <nil> float64"),
      (#"printf "%*s|%.*f" 4 "a" 2 1.005"#, "   a|1.00"),
      (#"printf "%*d" "x" 1"#, "%!(BADWIDTH)1"),
      (#"printf "%d %d" (list 1 2) (list "a")"#, "[1 2] [%!d(string=a)]"),
      (#"printf "%#v %#v" nil "a""#, #"<nil> "a""#),
      (#"printf "%q" 'x'"#, "'x'"),
    ])
  func printf(_ expression: String, _ wanted: String) throws {
    #expect(try Template("{{ \(expression) }}").render(.map([:])) == wanted)
  }
}
