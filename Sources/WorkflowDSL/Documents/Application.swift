/// What is protected, as far as others have to know it.
public struct Application: Sendable {
  /// Volumes whose snapshots are not of one instant, while nothing brings their application to rest.
  var tornVolumes: [TornVolume] = []

  /// A volume whose snapshots may be of no use.
  struct TornVolume: Sendable {
    var name: String
    var driver: Located<String>
  }
}
