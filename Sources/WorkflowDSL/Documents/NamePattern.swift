/// Names with `*` for any characters and `?` for any one: what selectors may say in a name's place.
struct NamePattern {
  private let pattern: [UInt8]

  init(_ text: String) { pattern = Array(text.utf8) }

  /// Whether it stands for more than itself.
  var isPattern: Bool { pattern.contains(Self.any) || pattern.contains(Self.one) }

  private static let any = UInt8(ascii: "*")
  private static let one = UInt8(ascii: "?")

  /// Whether a name is one of those that it stands for.
  func matches(_ name: String) -> Bool {
    let name = Array(name.utf8)
    var (at, place) = (0, 0)
    // Where to go on if what follows the last star doesn't fit: one character later. Never further back.
    var star: (at: Int, place: Int)?
    while place < name.count {
      if at < pattern.count, pattern[at] == Self.any {
        star = (at, place)
        at += 1
      } else if at < pattern.count, pattern[at] == Self.one || pattern[at] == name[place] {
        at += 1
        place += 1
      } else if let last = star {
        star = (last.at, last.place + 1)
        (at, place) = (last.at + 1, last.place + 1)
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == Self.any }
  }
}
