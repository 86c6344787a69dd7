internal import Concurrency
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository

extension Repository {
  /// The bytes, sealed and unverified, that lie in a place where the list has a blob.
  /// - Throws: `.corrupt` if the pack is gone or too short.
  func sealedBlob(at place: Int, of list: PackList) async throws(RepositoryError) -> [UInt8] {
    try await sealedBytes(of: list.blobs[place], in: list.packID(of: place))
  }

  private func sealedBytes(of blob: PackedBlob, in pack: PackID) async throws(RepositoryError) -> [UInt8] {
    let start = Int(blob.offset)
    do {
      return try await store.get(ObjectName(.pack, pack.hex), range: start..<start + Int(blob.length))
    } catch {
      let isDamage = [.notFound, .truncated, .corrupt].contains(error.kind)
      throw isDamage ? RepositoryError(.corrupt, error.description) : RepositoryError(error)
    }
  }

  /// Whether a blob is whole where it lies in a pack, down to the plaintext's hash.
  func isWhole(_ blob: PackedBlob, in pack: PackID, _ opener: BlobOpener) async throws(RepositoryError) -> Bool {
    // What the network spoiled is read once more.
    for _ in 0..<2 {
      do throws(RepositoryError) {
        let sealed = try await sealedBytes(of: blob, in: pack)
        try sealed.withUnsafeBufferPointer { sealed throws(RepositoryError) in
          _ = try opener.open(
            UnsafeRawBufferPointer(sealed), id: blob.id, uncompressedLength: blob.uncompressedLength, pack: pack)
        }
        return true
      } catch {
        guard error.kind == .corrupt else { throw error }
      }
    }
    return false
  }

  /// The places whose blobs are damaged. Looks at one after the other until another task has the last.
  func damage(in places: [Int], of list: PackList, _ next: Counter) async throws(RepositoryError) -> [Int] {
    let opener = BlobOpener(key: key)
    var damaged: [Int] = []
    var number = next.add(1) - 1
    while number < places.count, !Task.isCancelled {
      let place = places[number]
      if try await !isWhole(list.blobs[place], in: list.packID(of: place), opener) { damaged.append(place) }
      number = next.add(1) - 1
    }
    return damaged
  }
}
