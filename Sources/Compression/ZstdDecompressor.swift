internal import CZstd

/// Why a frame could not be read.
public enum ZstdError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The bytes are not one whole zstd frame.
  case damaged
  /// The frame does not say how much it holds, or holds more than allowed.
  case tooLarge(limit: Int)

  /// The sentence.
  public var description: String {
    switch self {
    case .damaged: "the compressed data are damaged"
    case .tooLarge(let limit): "the compressed data hold more than the \(limit) bytes that are allowed"
    }
  }
}

/// Reads zstd frames. Keeps its working memory; used by one thread at a time.
public final class ZstdDecompressor {
  private let context: OpaquePointer

  /// A decompressor.
  public init() {
    guard let context = ZSTD_createDCtx() else { preconditionFailure("There is no memory for a decompressor.") }
    self.context = context
  }

  deinit { ZSTD_freeDCtx(context) }

  /// Decompresses a frame whose content is known to be as long as `target`.
  /// - Returns: false if the frame is damaged or holds more or less than that.
  public func decompress(_ frame: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
    let written = ZSTD_decompressDCtx(context, target.baseAddress, target.count, frame.baseAddress, frame.count)
    return ZSTD_isError(written) == 0 && written == target.count
  }

  /// The content of one whole frame.
  /// - Parameter limit: the most bytes that are accepted: a small frame can claim to hold terabytes.
  public func decompress(_ frame: UnsafeRawBufferPointer, limit: Int) throws(ZstdError) -> [UInt8] {
    let claimed = ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
    guard claimed != UInt64.max - 1 else { throw .damaged }  // ZSTD_CONTENTSIZE_ERROR
    guard claimed != UInt64.max else { return try decompressUnknown(frame, limit: limit) }
    guard claimed <= UInt64(limit) else { throw .tooLarge(limit: limit) }
    var isWhole = false
    let content = [UInt8](unsafeUninitializedCapacity: Int(claimed)) { buffer, count in
      isWhole = decompress(frame, into: UnsafeMutableRawBufferPointer(buffer))
      count = isWhole ? Int(claimed) : 0
    }
    guard isWhole else { throw .damaged }
    return content
  }

  /// A frame written as a stream does not say its size.
  private func decompressUnknown(_ frame: UnsafeRawBufferPointer, limit: Int) throws(ZstdError) -> [UInt8] {
    var content: [UInt8] = []
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
    var input = ZSTD_inBuffer(src: frame.baseAddress, size: frame.count, pos: 0)
    while true {
      var status = 0
      let piece = [UInt8](unsafeUninitializedCapacity: 1 << 17) { buffer, count in
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        status = ZSTD_decompressStream(context, &output, &input)
        count = ZSTD_isError(status) == 0 ? output.pos : 0
      }
      guard ZSTD_isError(status) == 0 else { throw .damaged }
      content += piece
      guard content.count <= limit else { throw .tooLarge(limit: limit) }
      if status == 0 { break }
      guard !piece.isEmpty || input.pos < input.size else { throw .damaged }
    }
    guard input.pos == input.size else { throw .damaged }
    return content
  }
}
