import Glibc
import Testing

extension EndToEnd {
  /// Mapping files that change under the running gateway, as editors and Kubernetes change them.
  @Suite(.timeLimit(.minutes(5))) struct ReloadTests {
    private static let reloads = "hoglet_mappings_reload_total{outcome="

    /// The gateway in local mode over a folder of mappings, and its metrics.
    private struct Running {
      let stage: Stage
      let program: Program
      let folder: String
      private let admin: String

      init(_ stage: Stage, folder: String) throws {
        self.stage = stage
        self.folder = folder
        program = try Program(
          Stage.binary, ["serve"],
          environment: Stage.environment([
            "HOGLET_SERVER_LISTEN": "127.0.0.1:0", "HOGLET_ADMIN_LISTEN": "127.0.0.1:0",
            "HOGLET_SPOOL_PATH": "\(stage.folder.path)/spool", "HOGLET_MAPPINGS_PATH": folder,
            "SWIFT_BACKTRACE": "enable=no",
          ]), folder: stage.folder.path)
        admin = try program.line("admin on ")
        _ = try program.line("spool in ")
      }

      func metric(_ name: String) throws -> Int {
        let lines = try stage.get("\(admin)/metrics").split(separator: "\n")
        return lines.first { $0.hasPrefix(name) }.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
      }

      func succeeded() throws -> Int { try metric("\(ReloadTests.reloads)\"success\"}") }
      func failed() throws -> Int { try metric("\(ReloadTests.reloads)\"failure\"}") }

      func wait(_ condition: () throws -> Bool) throws -> Bool { try waitUntil(.seconds(20), condition) }
    }

    private static let overlay = "overlay: common\nproperties: {$ai_latency: {from: 'span:duration', as: ms}}\n"
    private static let broken = "overlay: common\nproperties: {$ai_latancy: a}\n"

    private func folder(_ stage: Stage) -> String {
      let path = "\(stage.folder.path)/mappings"
      unsafe mkdir(path, 0o700)
      unsafe mkdir("\(path)/overlays", 0o700)
      Files.replace("\(path)/overlays/own.yaml", with: Self.overlay)
      return path
    }

    @Test func `a file replaced by an editor is taken, a wrong one is told and changes nothing`() throws {
      let stage = try Stage()
      let running = try Running(stage, folder: folder(stage))
      #expect(try running.succeeded() == 0)
      // Write beside and rename, as most editors do.
      Files.replace("\(running.folder)/overlays/own.yaml", with: Self.overlay + "about: mine\n")
      #expect(try running.wait { try running.succeeded() == 1 }, "\(running.program.lastWords)")
      Files.replace("\(running.folder)/overlays/own.yaml", with: Self.broken)
      #expect(try running.wait { try running.failed() == 1 }, "\(running.program.lastWords)")
      #expect(try running.metric("hoglet_mappings_errors") == 1)
      let place = "\(running.folder)/overlays/own.yaml:2:14: error: no property '$ai_latancy' in properties.yaml"
      #expect(try running.wait { running.program.errors.contains(place) }, "\(running.program.lastWords)")
      #expect(running.program.errors.contains("those before them stay in use"))
      // A new file, and the old one put right in place.
      Files.replace("\(running.folder)/overlays/second.yaml", with: Self.overlay)
      Files.write(Self.overlay, to: "\(running.folder)/overlays/own.yaml")
      #expect(try running.wait { try running.metric("hoglet_mappings_errors") == 0 }, "\(running.program.lastWords)")
    }

    @Test func `a hang-up loads anew though nothing changed, and ends nothing`() throws {
      let stage = try Stage()
      let running = try Running(stage, folder: folder(stage))
      for count in 1...3 {
        running.program.signal(SIGHUP)
        #expect(try running.wait { try running.succeeded() == count }, "\(running.program.lastWords)")
      }
      running.program.signal(SIGTERM)
      #expect(try running.program.waitForExit(within: .seconds(20)) == .code(0))
    }

    /// A ConfigMap is a folder of links into a folder behind one link, which is swapped as a whole.
    @Test func `the swap of a ConfigMap is seen`() throws {
      let stage = try Stage()
      let path = "\(stage.folder.path)/map"
      unsafe mkdir(path, 0o700)
      func version(_ number: Int, _ text: String) {
        unsafe mkdir("\(path)/..\(number)", 0o700)
        unsafe mkdir("\(path)/..\(number)/overlays", 0o700)
        Files.replace("\(path)/..\(number)/overlays/own.yaml", with: text)
        unsafe symlink("..\(number)", "\(path)/..data_tmp")
        unsafe rename("\(path)/..data_tmp", "\(path)/..data")
      }
      version(1, Self.overlay)
      unsafe symlink("..data/overlays", "\(path)/overlays")
      let running = try Running(stage, folder: path)
      version(2, Self.broken)
      #expect(try running.wait { try running.failed() == 1 }, "\(running.program.lastWords)")
      version(3, Self.overlay)
      #expect(try running.wait { try running.succeeded() == 1 }, "\(running.program.lastWords)")
    }

    /// `/etc/hoglet/mappings` is often itself a link to a release.
    @Test func `a folder that is put in the other's place is seen`() throws {
      let stage = try Stage()
      let first = folder(stage)
      unsafe symlink(first, "\(stage.folder.path)/current")
      let running = try Running(stage, folder: "\(stage.folder.path)/current")
      unsafe mkdir("\(stage.folder.path)/next", 0o700)
      unsafe mkdir("\(stage.folder.path)/next/overlays", 0o700)
      Files.replace("\(stage.folder.path)/next/overlays/own.yaml", with: Self.overlay)
      unsafe symlink("\(stage.folder.path)/next", "\(stage.folder.path)/current.new")
      unsafe rename("\(stage.folder.path)/current.new", "\(stage.folder.path)/current")
      #expect(try running.wait { try running.succeeded() == 1 }, "\(running.program.lastWords)")
      // The new folder is watched now.
      Files.replace("\(stage.folder.path)/next/overlays/own.yaml", with: Self.broken)
      #expect(try running.wait { try running.failed() == 1 }, "\(running.program.lastWords)")
    }
  }
}
