import Terminal
import Testing

@Suite("Numbers for people")
struct ByteCountTests {
  @Test(
    "bytes have three digits and a unit",
    arguments: [
      (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (1536, "1.50 KiB"), (10_235, "10.0 KiB"),
      (10_240, "10.0 KiB"), (123 << 20, "123 MiB"), (1_048_064, "1.00 MiB"), (999 << 10, "999 KiB"),
      (5 << 40, "5.00 TiB"), (-2048, "-2.00 KiB"), (.max, "8.00 EiB"),
    ])
  func bytes(number: Int, text: String) { #expect(byteText(number) == text) }

  @Test("thousands are set apart, and one is not several")
  func counts() {
    #expect(groupedText(0) == "0" && groupedText(999) == "999" && groupedText(1000) == "1,000")
    #expect(groupedText(-1_234_567) == "-1,234,567" && groupedText(.min) == "-9,223,372,036,854,775,808")
    #expect(countText(1, "file") == "1 file" && countText(2, "file") == "2 files")
    #expect(countText(2, "directory", "directories") == "2 directories")
  }

  @Test("a clock has hours only when there are some")
  func clocks() {
    #expect(clockText(.seconds(7)) == "0:07" && clockText(.seconds(754)) == "12:34")
    #expect(clockText(.seconds(3723)) == "1:02:03" && clockText(.seconds(-5)) == "0:00")
  }
}
