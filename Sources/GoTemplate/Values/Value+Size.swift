extension Value {
  /// The bytes of text and the number of elements in all that this holds, counted as often as it is reached. Nil if that
  /// is more than `limit`, as it is for a map that holds itself.
  func size(upTo limit: Int) -> Int? {
    var rest = limit
    return take(from: &rest, depth: 0) ? limit - rest : nil
  }

  /// The bytes or elements of this alone.
  var ownSize: Int {
    switch self {
    case .string(let text): text.utf8.count
    case .bytes(let bytes): bytes.count
    case .list(let list): list.elements.count
    case .map(let map): map.entries.count
    case .null, .bool, .int, .int64, .byte, .float, .structure, .nilPointer, .object: 1
    }
  }

  /// Takes the size off `rest`; false once that is used up.
  private func take(from rest: inout Int, depth: Int) -> Bool {
    rest -= 1
    guard rest >= 0, depth < 200 else { return false }
    switch self {
    case .string, .bytes: rest -= ownSize
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
