import Glibc

/// Files of the repository that tests read.
enum Repository {
  /// The path of something in the repository.
  static func path(_ relative: String) -> String {
    // This file is Tests/OTLPTests/Repository.swift.
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/") + "/" + relative
  }

  /// The captured requests, where the repository has them.
  static let captures: [String] = {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    for pattern in ["*/*", "*"] {
      unsafe glob(path("Fixtures/captures/\(pattern)/*.pb"), pattern == "*/*" ? 0 : GLOB_APPEND, nil, &found)
    }
    return (0..<Int(unsafe found.gl_pathc)).compactMap { index in
      unsafe found.gl_pathv[index].map { unsafe String(cString: $0) }
    }
  }()

  /// What a file holds; nothing if there is none.
  static func read(_ path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "rb") else { return [] }
    defer { unsafe fclose(file) }
    return unsafe rest(of: file)
  }

  static func rest(of file: UnsafeMutablePointer<FILE>) -> [UInt8] {
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe fread(&chunk, 1, chunk.count, file)
      if count == 0 { return output }
      output += chunk[..<count]
    }
  }
}
