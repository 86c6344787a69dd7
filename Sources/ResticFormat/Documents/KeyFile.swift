public import Cryptography

/// The master key wrapped with a password (restic-format section 3). Plain JSON: all but `data` is readable by anyone.
public struct KeyFile: Sendable, Equatable {
  /// restic refuses other lengths.
  private static let saltLength = 64

  /// When it was made, in RFC 3339 as it was written.
  public var created: String
  /// Who made it.
  public var username: String
  /// Where it was made.
  public var hostname: String
  /// What turning the password into a key costs.
  public var cost: ScryptCost
  /// 64 random bytes.
  public var salt: [UInt8]
  /// The master key's JSON, sealed with the password's key.
  public var data: [UInt8]

  /// A key file of these members.
  public init(
    created: String, username: String, hostname: String, cost: ScryptCost, salt: [UInt8], data: [UInt8]
  ) {
    self.created = created
    self.username = username
    self.hostname = hostname
    self.cost = cost
    self.salt = salt
    self.data = data
  }

  /// The key file of these bytes.
  /// - Throws: `.unsupported` if the password is to be used with another function than scrypt.
  public init(decoding bytes: [UInt8]) throws(FormatError) {
    self = try JSONReader.read(bytes, "key") { reader throws(FormatError) in
      var file = KeyFile(
        created: "", username: "", hostname: "", cost: ScryptCost(n: 0, r: 0, p: 0), salt: [], data: [])
      var function = ""
      try reader.object { reader, key throws(FormatError) in
        switch key {
        case "created": file.created = try reader.string()
        case "username": file.username = try reader.string()
        case "hostname": file.hostname = try reader.string()
        case "kdf": function = try reader.string()
        case "N": file.cost.n = try reader.unsigned()
        case "r": file.cost.r = try reader.unsigned()
        case "p": file.cost.p = try reader.unsigned()
        case "salt": file.salt = try reader.base64()
        case "data": file.data = try reader.base64()
        default: try reader.skip()
        }
      }
      guard function == "scrypt" else {
        throw FormatError(
          .unsupported,
          "the key turns passwords into keys with '\(function)', which this version of holdfast does not know")
      }
      guard file.salt.count == KeyFile.saltLength else {
        throw reader.damaged("the salt has \(file.salt.count) bytes instead of \(KeyFile.saltLength)")
      }
      return file
    }
  }

  /// The bytes of its file.
  public func encoded() -> [UInt8] {
    var json: [UInt8] = []
    json.putMember("{\"created\":", created)
    json.putMember(",\"username\":", username)
    json.putMember(",\"hostname\":", hostname)
    json.putMember(",\"kdf\":\"scrypt\",\"N\":", cost.n)
    json.putMember(",\"r\":", cost.r)
    json.putMember(",\"p\":", cost.p)
    json.put(",\"salt\":")
    json.putBase64(salt)
    json.put(",\"data\":")
    json.putBase64(data)
    json.put("}")
    return json
  }
}

/// The master key as key files seal it.
public enum MasterKeyFile {
  /// The JSON of a key.
  public static func encode(_ key: SealingKey) -> [UInt8] {
    var json: [UInt8] = []
    json.put("{\"mac\":{\"k\":")
    json.putBase64(key.macK)
    json.put(",\"r\":")
    json.putBase64(key.macR)
    json.put("},\"encrypt\":")
    json.putBase64(key.encryption)
    json.put("}")
    return json
  }

  /// The key that JSON describes.
  public static func decode(_ bytes: [UInt8]) throws(FormatError) -> SealingKey {
    try JSONReader.read(bytes, "master key") { reader throws(FormatError) in
      var encryption: [UInt8] = []
      var macK: [UInt8] = []
      var macR: [UInt8] = []
      try reader.object { reader, key throws(FormatError) in
        switch key {
        case "encrypt": encryption = try reader.base64()
        case "mac":
          try reader.object { reader, key throws(FormatError) in
            switch key {
            case "k": macK = try reader.base64()
            case "r": macR = try reader.base64()
            default: try reader.skip()
            }
          }
        default: try reader.skip()
        }
      }
      guard let key = SealingKey(encryption: encryption, macK: macK, macR: macR) else {
        throw reader.damaged("a part of it has the wrong length, or is all zero")
      }
      return key
    }
  }
}
