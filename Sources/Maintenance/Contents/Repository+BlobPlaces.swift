internal import Concurrency
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository

extension Repository {
  /// The bytes, sealed and unverified, that lie in a place where the list has a blob.
  /// - Throws: `.corrupt` if the pack is gone or too short.
  func sealedBlob(at place: Int, of list: PackList) async throws(RepositoryError) -> [UInt8] {
    let start = Int(list.blobs[place].offset)
    let end = start + Int(list.blobs[place].length)
    do {
      return try await store.get(ObjectName(.pack, list.packID(of: place).hex), range: start..<end)
    } catch {
      let isDamage = [.notFound, .truncated, .corrupt].contains(error.kind)
      throw isDamage ? RepositoryError(.corrupt, error.description) : RepositoryError(error)
    }
  }

  /// Whether a blob is whole in one of its places, down to the plaintext's hash.
  func isWhole(_ place: Int, of list: PackList, _ opener: BlobOpener) async throws(RepositoryError) -> Bool {
    let blob = list.blobs[place]
    let pack = list.packID(of: place)
    // What the network spoiled is read once more.
    for _ in 0..<2 {
      do throws(RepositoryError) {
        let sealed = try await sealedBlob(at: place, of: list)
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
      if try await !isWhole(places[number], of: list, opener) { damaged.append(places[number]) }
      number = next.add(1) - 1
    }
    return damaged
  }
}
