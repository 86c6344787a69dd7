import Glibc

/// What a call returned, and `errno` as it was right after.
struct CallResult<Value> {
  let value: Value
  let code: Int32
}

/// Makes a call again for as long as a signal interrupts it.
@inline(__always)
func uninterrupted<Value: SignedInteger>(_ call: () -> Value) -> CallResult<Value> {
  while true {
    let value = call()
    if value >= 0 { return CallResult(value: value, code: 0) }
    let code = errno
    if code != EINTR { return CallResult(value: value, code: code) }
  }
}

/// Hands a name to a call as C wants it, without a heap allocation for names of usual length.
///
/// A name that holds a NUL byte would be cut there and so name something else: it gives EINVAL.
@inline(__always)
func withCName<Value: SignedInteger>(
  _ name: [UInt8], _ call: (UnsafePointer<CChar>) -> Value
) -> CallResult<Value> {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.count + 1) { buffer in
    guard let start = buffer.baseAddress else { return CallResult(value: -1, code: ENOMEM) }
    name.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { memcpy(start, source, bytes.count) }
    }
    start[name.count] = 0
    guard strlen(start) == name.count else { return CallResult(value: -1, code: EINVAL) }
    return uninterrupted { call(start) }
  }
}

/// `parent/name`, for messages.
func joined(_ parent: [UInt8], _ name: [UInt8]) -> [UInt8] {
  if parent.isEmpty { return name }
  if name.isEmpty { return parent }
  var path = parent
  path.reserveCapacity(parent.count + name.count + 1)
  if path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
  path.append(contentsOf: name)
  return path
}
