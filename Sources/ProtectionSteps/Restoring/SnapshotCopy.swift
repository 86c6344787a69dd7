import StepEngine
import VolumeDrivers

extension ProtectionServices {
  /// Copies a snapshot of a volume into a folder, and reports progress to the step: a tree as it is, an image or a device as a file.
  ///
  /// What else the folder has stays, as with an export. Another attempt copies again.
  func copy(
    _ snapshot: String, of volume: Volume, to target: String, _ step: StepContext
  ) async throws -> VolumeRestore.Numbers {
    let progress = CopyProgress()
    // Called as in an export.
    let imageName = ExportSource.path(of: volume.source, isImage: true).last ?? volume.source.name
    try await makeEmptyVolume(at: target, like: volume)
    try await withClone(of: snapshot, volume, step) { place in
      try await reporting(progress.transfers, to: step) {
        try await driving(volume) { _ throws(DriverError) in
          try await copyClone(place, to: target, imageName: imageName, progress: progress)
        }
      }
    }
    return VolumeRestore.Numbers(files: progress.files, bytes: progress.bytes)
  }
}
