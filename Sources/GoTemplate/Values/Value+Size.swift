extension Value {
  /// Whether all that this holds, counted as often as it is reached, has more bytes of text and more elements than
  /// `limit`. A map that holds itself is above every limit.
  func isLarger(than limit: Int) -> Bool {
    var rest = limit
    return !take(from: &rest, depth: 0)
  }

  /// Takes the size off `rest`; false once that is used up.
  private func take(from rest: inout Int, depth: Int) -> Bool {
    rest -= 1
    guard rest >= 0, depth < 200 else { return false }
    switch self {
    case .string(let text): rest -= text.utf8.count
    case .bytes(let bytes): rest -= bytes.count
    case .list(let list):
      for element in list.elements {
        guard element.take(from: &rest, depth: depth + 1) else { return false }
      }
    case .map(let map):
      for (key, element) in map.entries {
        rest -= key.utf8.count
        guard element.take(from: &rest, depth: depth + 1) else { return false }
      }
    case .structure(let structure):
      for field in structure.fields {
        guard field.take(from: &rest, depth: depth + 1) else { return false }
      }
    case .null, .bool, .int, .int64, .byte, .float, .nilPointer, .object: break
    }
    return rest >= 0
  }
}
