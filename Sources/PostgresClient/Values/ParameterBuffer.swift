/// The parameters of one statement as libpq wants them, in one run of bytes. Kept by the connection and used again, so
/// that a statement allocates nothing here.
struct ParameterBuffer {
  private var bytes: [UInt8] = []
  private var offsets: [Int] = []
  private var lengths: [CInt] = []
  private var formats: [CInt] = []
  private(set) var types: [UInt32] = []

  /// The server takes no value of more than 1 GB.
  private static let limit = 1 << 30
  private static let keptCapacity = 1 << 20

  struct Refusal: Error {
    var reason: String
  }

  /// Replaces what was encoded before. `declared` are the types that the statement was prepared with; empty: any.
  mutating func encode(_ values: [PostgresValue], declared: [PostgresType]) throws(Refusal) {
    try Self.check(values, declared: declared)
    clear()
    for (index, value) in values.enumerated() {
      types.append(declared.isEmpty ? value.type.rawValue : declared[index].rawValue)
      let start = bytes.count
      switch value {
      case .null:
        offsets.append(-1)
        lengths.append(0)
        formats.append(1)
        continue
      case .untyped(let text):
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
        formats.append(0)
      default:
        value.encode(into: &bytes)
        formats.append(1)
      }
      guard bytes.count < Self.limit else { throw Refusal(reason: "its parameters are larger than 1 GB") }
      offsets.append(start)
      lengths.append(CInt(bytes.count - start))
    }
    bytes.append(0)  // so that an empty value has an address: libpq takes no address for NULL
  }

  /// Refuses what cannot be encoded, except for its size.
  static func check(_ values: [PostgresValue], declared: [PostgresType]) throws(Refusal) {
    guard values.count <= Int(UInt16.max) else { throw Refusal(reason: "it has more than 65,535 parameters") }
    guard declared.isEmpty || declared.count == values.count else {
      throw Refusal(reason: "it takes \(declared.count) parameters and was given \(values.count)")
    }
    for (index, value) in values.enumerated() {
      let type = value.type
      // NULL and untyped text go under any type.
      if !declared.isEmpty, type != declared[index], type != .inferred {
        throw Refusal(reason: "parameter \(index + 1) is \(type) where \(declared[index]) was declared")
      }
      if case .untyped(let text) = value, text.utf8.contains(0) {
        throw Refusal(reason: "parameter \(index + 1) has a zero byte in its text")
      }
    }
  }

  /// Lends the arrays that libpq wants; the pointers end with the call.
  func withPointers<R>(
    _ body: (
      _ count: CInt, _ types: UnsafePointer<UInt32>?, _ values: UnsafePointer<UnsafePointer<CChar>?>?,
      _ lengths: UnsafePointer<CInt>?, _ formats: UnsafePointer<CInt>?
    ) -> R
  ) -> R {
    bytes.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: offsets.count) { pointers in
        let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        for (index, offset) in offsets.enumerated() {
          pointers.initializeElement(at: index, to: offset < 0 ? nil : base.map { $0 + offset })
        }
        return types.withUnsafeBufferPointer { types in
          lengths.withUnsafeBufferPointer { lengths in
            formats.withUnsafeBufferPointer { formats in
              body(
                CInt(offsets.count), types.baseAddress, UnsafePointer(pointers.baseAddress), lengths.baseAddress,
                formats.baseAddress)
            }
          }
        }
      }
    }
  }

  private mutating func clear() {
    if bytes.capacity > Self.keptCapacity { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
    offsets.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    formats.removeAll(keepingCapacity: true)
    types.removeAll(keepingCapacity: true)
  }
}
