internal import CCrypto
internal import CScrypt

/// The cost of a password's key (RFC 7914).
public struct ScryptCost: Sendable, Equatable {
  /// Work and memory: a power of two above 1.
  public var n: UInt64
  /// Block size.
  public var r: UInt64
  /// Parallel lanes.
  public var p: UInt64

  /// A cost; `scrypt` refuses what makes no sense.
  public init(n: UInt64, r: UInt64, p: UInt64) {
    self.n = n
    self.r = r
    self.p = p
  }

  /// Memory that a computation takes by the specification, in bytes; nil when it doesn't fit in a number.
  public var memory: UInt64? {
    let (block, overflow) = UInt64(128).multipliedReportingOverflow(by: r)
    let (total, another) = block.multipliedReportingOverflow(by: n)
    return overflow || another ? nil : total
  }
}

/// The computation of a password's key in steps, whose lanes may be computed at once on several threads.
///
/// Each lane that is being computed takes `laneMemory`.
public struct ScryptLanes: Sendable {
  private let password: [UInt8]
  private let cost: ScryptCost
  /// One for each lane, `128 * r` bytes; hand them to `mix`, and what comes back, in the same order, to `key`.
  public let lanes: [[UInt8]]

  /// Bytes of memory for each lane that is being computed: about half of `cost.memory`.
  public var laneMemory: Int { 128 * Int(cost.r) * (Int(cost.n) / 2 + 4) }

  /// Nil if the cost is not one that scrypt knows, or takes more than 1 GiB, or 64 MiB before it begins: a hostile key file may ask
  /// for it.
  public init?(password: [UInt8], salt: [UInt8], cost: ScryptCost) {
    guard cost.n > 1, cost.n & (cost.n - 1) == 0, cost.r >= 1, cost.r < 1 << 19, cost.p >= 1, cost.p <= 64,
      cost.r * cost.p <= 1 << 19, let memory = cost.memory, memory <= 1 << 30
    else { return nil }
    let size = Int(128 * cost.r)
    guard let all = pbkdf2(password, salt, size * Int(cost.p)) else { return nil }
    self.password = password
    self.cost = cost
    lanes = stride(from: 0, to: all.count, by: size).map { Array(all[$0..<$0 + size]) }
  }

  /// Computes one or two lanes on this thread; two take little longer than one, and twice the memory. Nil if there is not so much.
  public func mix(_ lanes: ArraySlice<[UInt8]>) -> [[UInt8]]? {
    precondition(lanes.count == 1 || lanes.count == 2)
    var blocks = Array(lanes.joined())
    let code = blocks.withUnsafeMutableBufferPointer {
      scrypt_mix_lanes($0.baseAddress, Int32(lanes.count), cost.n, cost.r)
    }
    guard code == 0 else { return nil }
    let size = blocks.count / lanes.count
    return stride(from: 0, to: blocks.count, by: size).map { Array(blocks[$0..<$0 + size]) }
  }

  /// The key of `length` bytes that computed lanes come to.
  public func key(_ lanes: [[UInt8]], length: Int) -> [UInt8]? { pbkdf2(password, Array(lanes.joined()), length) }
}

private func pbkdf2(_ password: [UInt8], _ salt: [UInt8], _ length: Int) -> [UInt8]? {
  var isDone = false
  let key = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
    isDone = password.withUnsafeBytes { password in
      let empty: [CChar] = [0]
      return empty.withUnsafeBufferPointer { empty in
        PKCS5_PBKDF2_HMAC(
          password.bindMemory(to: CChar.self).baseAddress ?? empty.baseAddress, Int32(password.count), salt,
          Int32(salt.count), 1, EVP_sha256(), Int32(length), buffer.baseAddress) == 1
      }
    }
    count = isDone ? length : 0
  }
  return isDone ? key : nil
}

/// The key of `length` bytes that belongs to a password, computed on this thread.
/// - Returns: nil if the cost is not one that scrypt knows, or takes more than 1 GiB: a hostile key file may ask for it.
public func scrypt(password: [UInt8], salt: [UInt8], cost: ScryptCost, length: Int) -> [UInt8]? {
  guard let steps = ScryptLanes(password: password, salt: salt, cost: cost) else { return nil }
  let lanes = stride(from: 0, to: steps.lanes.count, by: 2).compactMap { steps.mix(steps.lanes[$0...].prefix(2)) }
    .flatMap(\.self)
  return lanes.count == steps.lanes.count ? steps.key(lanes, length: length) : nil
}
