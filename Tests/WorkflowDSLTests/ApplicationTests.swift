import JSON
import Testing
import WorkflowDSL

/// A file with one document that is no workflow, of what stands in its `spec`.
func document(_ kind: String, _ spec: String, name: String = "shop", labels: String = "{}") -> String {
  let indented = spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
  return
    "apiVersion: holdfast.dev/v1\nkind: \(kind)\nmetadata: {name: \(name), labels: \(labels)}\nspec:\n\(indented)\n"
}

/// What is wrong, without places.
func messages(_ texts: String..., applied: [Document]? = nil) -> [String] {
  let files = texts.enumerated().map { DocumentFile(text: $1, name: "\($0)") }
  return DocumentSet(files, applied: applied, kinds: kinds).check().map { "\($0.severity.rawValue): \($0.message)" }
}

@Suite("Applications and profiles")
struct ApplicationTests {
  private func volume(_ more: String, hooks: String = "") -> [String] {
    messages(document("Application", "volumes: [{name: data, \(more)}]\(hooks)"))
  }

  @Test("everything that an application can say")
  func whole() {
    let spec = """
      description: the shop
      volumes:
        - {name: data, driver: btrfs, path: /srv/shop, node: db-1, exclude: ["*.tmp", cache]}
        - {name: disk, driver: reflink, path: /srv/images/shop.img, freeze: {path: /mnt/shop, deadline: 10s}}
        - {name: logs, driver: directory, path: /var/log/shop, snapshotFolder: /mnt/big, freeze: {path: /var/log, deadline: 1m}}
        - {name: lv, driver: exec, path: /dev/vg/shop, program: /usr/libexec/lvm, options: {pool: thin}, freeze: {path: /mnt/lv, deadline: 10m}}
      dumps:
        - {name: orders, backup: {command: [pg_dump, shop]}}
        - name: users
          file: users.dump
          node: db-1
          backup: {command: [pg_dump, -Fc, users], environment: {A: b}, secrets: {PGPASSWORD: {file: /etc/pw}}, directory: /, timeout: 1h}
          restore: {command: [pg_restore, -d, users], secrets: {PGPASSWORD: {env: PW}}, timeout: 2h}
      hooks:
        backupPrehook:
          - name: flush
            exec: {command: [mysql, -e, flush], environment: {HOST: db}, secrets: {MYSQL_PWD: {file: /etc/pw}}, directory: /tmp, stdin: x}
            node: db-1
            timeout: 30s
            onError: continue
        backupPosthook: [{exec: {command: [mysql, -e, unlock]}}]
        restorePrehook: [{exec: {command: [a]}}]
        restorePosthook: [{exec: {command: [a]}}]
        verifyHook: [{exec: {command: [a]}}]
        deleteHook: [{exec: {command: [a]}}]
        onSuccess: [{exec: {command: [a]}}]
        onFailure: [{exec: {command: [a]}}]
        onCancel: [{exec: {command: [a]}}]
      """
    #expect(messages(document("Application", spec)) == [])
  }

  @Test("volumes: names, paths and programs")
  func volumes() {
    #expect(volume("driver: btrfs, path: srv") == ["error: a volume's path has to be absolute"])
    #expect(
      volume("driver: exec, path: /a") == [
        "error: a volume of driver 'exec' needs 'program', the program that is the driver"
      ])
    #expect(
      volume("driver: exec, path: /a, program: lvm") == ["error: a volume's program has to be absolute"])
    #expect(volume("driver: btrfs, path: /a, program: /b") == ["error: only the driver 'exec' has a program"])
    #expect(
      volume("driver: zfs, path: /a") == ["error: 'driver': 'zfs' is not 'btrfs', 'reflink', 'directory' or 'exec'"])
    let twice = "volumes: [{name: a, driver: btrfs, path: /a}, {name: a, driver: btrfs, path: /b}]"
    #expect(messages(document("Application", twice)) == ["error: volume 'a' is listed twice"])
    #expect(
      messages(document("Application", "hooks: {}")) == [
        "error: an application needs 'volumes', 'dumps' or 'kubernetes'"
      ])
  }

  @Test("dumps: names, files, programs and secrets")
  func dumps() {
    func dump(_ more: String) -> [String] { messages(document("Application", "dumps: [{name: a, \(more)}]")) }
    #expect(dump("backup: {command: [a]}, restore: {command: [b]}") == [])
    #expect(dump("file: b") == ["error: a dump needs 'backup': writes the dump to its standard output"])
    #expect(dump("backup: {command: []}") == ["error: 'command' needs at least the program"])
    #expect(
      dump("backup: {command: [a]}, file: a/b") == ["error: the file of a dump needs a name without folders"])
    #expect(
      dump("backup: {command: [a]}, restore: {command: [a], directory: b}") == [
        "error: the directory of a dump has to be absolute"
      ])
    #expect(
      dump("backup: {command: [a]}}, {name: a, backup: {command: [a]}") == ["error: dump 'a' is listed twice"])
  }

  @Test("a freeze only where the driver can work in it, and with a deadline")
  func freezes() {
    #expect(
      volume("driver: btrfs, path: /a, freeze: {path: /a, deadline: 5s}") == [
        "error: btrfs can't make a snapshot while it is frozen, and needs no freeze: its snapshots are of one instant"
      ])
    let inside = "error: '/srv/' holds the volume itself, and no snapshot can be written there while it is frozen: "
    #expect(
      volume("driver: reflink, path: /srv/a.img, freeze: {path: /srv/, deadline: 5s}") == [
        inside + "a freeze is for the filesystem in an image"
      ])
    #expect(volume("driver: reflink, path: /srv2/a.img, freeze: {path: /srv, deadline: 5s}") == [])
    #expect(
      volume("driver: directory, path: /a, freeze: {path: /a, deadline: 5s}") == [
        "error: the driver 'directory' needs a 'snapshotFolder' on another filesystem to copy to while this one is frozen"
      ])
    #expect(
      volume("driver: directory, path: /a, snapshotFolder: /a/b, freeze: {path: /a, deadline: 5s}") == [
        "error: the 'snapshotFolder' is on the filesystem that is frozen; it has to be on another"
      ])
    for deadline in ["500ms", "11m"] {
      #expect(
        volume("driver: exec, path: /a, program: /b, freeze: {path: /a, deadline: \(deadline)}") == [
          "error: the deadline of a freeze has to be from 1s to 10m"
        ])
    }
    #expect(
      volume("driver: exec, path: /a, program: /b, freeze: {path: //, deadline: 5s}") == [
        "error: '/' can't be frozen: the machine would stand still"
      ])
    #expect(
      volume("driver: exec, path: /a, program: /b, freeze: {path: /a}") == [
        "error: a freeze needs 'deadline': when it is thawed at the latest, whatever happens: 1s to 10m"
      ])
  }

  @Test("hooks: words, names, secrets")
  func hooks() {
    func hook(_ hook: String) -> [String] {
      volume("driver: btrfs, path: /a", hooks: "\nhooks: {backupPrehook: [\(hook)]}")
    }
    #expect(
      hook("{exec: {command: [a]}, onError: ignore}") == ["error: 'onError': 'ignore' is not 'fail' or 'continue'"])
    #expect(hook("{name: x}") == ["error: a hook needs 'exec': the program"])
    #expect(hook("{exec: {command: []}}") == ["error: 'command' needs at least the program"])
    #expect(hook("{exec: {command: [a], directory: b}}") == ["error: the directory of a hook has to be absolute"])
    #expect(
      hook("{name: a, exec: {command: [a]}}, {name: a, exec: {command: [a]}}") == ["error: hook 'a' is listed twice"])
    #expect(
      hook("{exec: {command: [a], secrets: {A: {file: /a, env: B}}}}") == [
        "error: a reference to a secret needs one of 'file', 'env' and 'secret'"
      ])
    #expect(
      hook("{exec: {command: [a], environment: {PGPASSWORD: hunter2}}}") == [
        "warning: 'PGPASSWORD' looks like a secret, and documents are kept in PostgreSQL: name where it is under 'secrets'"
      ])
    #expect(
      volume("driver: btrfs, path: /a", hooks: "\nhooks: {quiesce: [{exec: {command: [a]}}]}").first?.hasPrefix(
        "error: unknown key 'quiesce'; hooks has backupPrehook, backupPosthook") ?? false)
  }

  @Test("a hook or dump that names no node runs where the volumes are; if they are on several, it is refused")
  func nodes() {
    func told(_ volumes: [String], _ more: String) -> [String] {
      let list = volumes.enumerated().map { "{name: v\($0), driver: btrfs, path: /v\($0)\($1)}" }
      return messages(document("Application", "volumes: [\(list.joined(separator: ", "))]\n\(more)"))
    }
    let several = [", node: db-1", "", ", node: db-2", ", node: db-1"]
    let problem = "could run on 'db-1' or 'db-2', where the application's volumes are; say 'node:' for it"
    let plain = "hooks: {backupPrehook: [{exec: {command: [a]}}], verifyHook: [{exec: {command: [a]}}]}"
    for volumes in [["", ""], [", node: db-1", "", ", node: db-1"]] { #expect(told(volumes, plain) == []) }
    #expect(told(several, plain) == ["error: hook 1 of backupPrehook \(problem)"])
    let named = "{name: tell, exec: {command: [a]}}"
    let placed = #"{node: db-2, exec: {command: [a]}}, {node: "", exec: {command: [a]}}"#
    #expect(told(several, "hooks: {onSuccess: [\(placed)]}") == [])
    let mixed = "hooks: {onSuccess: [\(placed), \(named)]}"
    #expect(told(several, mixed) == ["error: hook 'tell' of onSuccess \(problem)"])
    let dumps = "{name: users, node: db-9, backup: {command: [a]}}, {name: orders, backup: {command: [a]}}"
    #expect(told([", node: db-1"], "dumps: [\(dumps)]") == [])
    #expect(told(several, "dumps: [\(dumps)]") == ["error: dump 'orders' \(problem)"])
  }

  @Test("profiles: one location, and the credentials that fit it")
  func profiles() {
    func profile(_ location: String, _ more: String = "") -> [String] {
      messages(document("Profile", "location: \(location)\npassword: {file: /etc/pw}\(more)"))
    }
    let rest = "\ncredentials: {user: {env: U}, password: {env: P}}"
    #expect(profile("{directory: /srv/backup}") == [])
    let onREST = profile("{rest: {url: \"https://host:8000/main/\"}}", rest)
    let warning = "warning: restic's REST server keeps neither journals nor descriptions of restore points"
    #expect(onREST.count == 1 && onREST[0].hasPrefix(warning), "\(onREST)")
    #expect(
      profile(
        "{s3: {bucket: b, objectLock: {mode: compliance, days: 30}}}",
        "\ncredentials: {accessKey: {env: A}, secretKey: {env: B}}") == [])
    #expect(
      profile("{directory: /a, rest: {url: \"https://h\"}}").first
        == "error: a location needs one of 'directory', 's3' and 'rest'")
    #expect(
      profile("{rest: {url: \"https://me:pw@h/\"}}").filter { $0.hasPrefix("error") } == [
        "error: user and password can't stand in a URL, since documents are kept in PostgreSQL: name where they are under 'credentials'"
      ])
    #expect(
      profile("{s3: {bucket: b}}", rest) == [
        "error: the credentials of S3 need 'accessKey'", "error: the credentials of S3 need 'secretKey'",
        "error: the credentials of S3 have no 'user'", "error: the credentials of S3 have no 'password'",
      ])
    #expect(
      profile("{s3: {bucket: b, objectLock: {mode: strict, days: 0}}}").filter { $0.hasPrefix("error") } == [
        "error: 'mode': 'strict' is not 'governance' or 'compliance'",
        "error: 'days' has to be a whole number from 1 to 36500, not '0'",
      ])
  }
}
