import JSON
import ObjectStores
import StepEngine
import WorkflowDSL

/// Where a profile's repository is, as its document says.
struct ProfileLocation: Sendable {
  /// As `openStore` takes it.
  let place: String
  /// For a bucket.
  let region: String?
  /// How long the bucket keeps objects from being removed.
  let retention: S3Options.Retention?

  /// Whether files that are not restic's can be kept there: journals of exports, descriptions of restore points.
  var keepsJournals: Bool { !place.hasPrefix("rest:") }

  /// - Parameters:
  ///   - spec: the `spec` of a Profile.
  ///   - name: its name, for messages.
  init(spec: JSONValue, name: String) throws(StepFailure) {
    let location = spec["location"]
    if let folder = location?["directory"]?.string {
      (place, region, retention) = (folder, nil, nil)
    } else if let url = location?["rest"]?["url"]?.string {
      (place, region, retention) = ("rest:" + url, nil, nil)
    } else if let s3 = location?["s3"], let bucket = s3["bucket"]?.string {
      let endpoint = s3["endpoint"]?.string ?? "https://s3.amazonaws.com"
      place = "s3:\(endpoint)/\(bucket)\(s3["prefix"]?.string.map { "/" + $0 } ?? "")"
      region = s3["region"]?.string
      retention = try Self.retention(s3["objectLock"], name)
    } else {
      throw StepFailure(.permanent, "profile '\(name)' says of no folder, bucket or server where its repository is")
    }
  }

  private static func retention(_ lock: JSONValue?, _ name: String) throws(StepFailure) -> S3Options.Retention? {
    guard let lock, lock != .null else { return nil }
    guard let mode = lock["mode"]?.string.flatMap({ S3Options.Retention.Mode(rawValue: $0.uppercased()) }),
      let days = lock["days"]?.int, (1...36_500).contains(days)
    else {
      throw StepFailure(
        .permanent, "profile '\(name)': objectLock needs a mode (governance, compliance) and days, 1 to 36500")
    }
    return S3Options.Retention(mode: mode, duration: .seconds(days * 86_400))
  }
}
