import Glibc

/// A file of the repository, its path relative to the root.
struct SourceFile {
  let path: String
  let bytes: [UInt8]

  /// `Gateway` for `Sources/Gateway/Settings.swift`.
  var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }
  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
  var text: String { String(decoding: bytes, as: UTF8.self) }
  /// A file ends with a newline, which begins no line of its own.
  var lineCount: Int { bytes.count { $0 == 0x0a } }
}

/// The repository as it stands on the disk, found from the place of this file.
enum SourceTree {
  static let root: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/")
  }()

  static let sources = files(below: "Sources", ending: ".swift")
  static let tests = files(below: "Tests", ending: ".swift")

  static func file(_ path: String) -> SourceFile? {
    guard let bytes = read("\(root)/\(path)") else { return nil }
    return SourceFile(path: path, bytes: bytes)
  }

  static func files(below folder: String, ending: String) -> [SourceFile] {
    names(in: folder).sorted().flatMap { name -> [SourceFile] in
      let path = "\(folder)/\(name)"
      if name.hasSuffix(ending) { return file(path).map { [$0] } ?? [] }
      return name.contains(".") ? [] : files(below: path, ending: ending)
    }
  }

  /// The entries of a folder; none when it is a file or missing.
  static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir("\(root)/\(folder)") else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private static func read(_ path: String) -> [UInt8]? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
  }
}
