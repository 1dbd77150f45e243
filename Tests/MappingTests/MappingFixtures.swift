import Testing

@testable import Mapping

/// Files that tests read: the good set in `Examples`, and the bad ones in `Diagnostics`.
enum MappingFixtures {
  static let folder = String(#filePath.dropLast("/MappingFixtures.swift".count))

  /// The good set, under its bare names.
  static func examples() throws -> [MappingFile] { try files(in: "Examples") }

  static func files(in name: String) throws -> [MappingFile] {
    try MappingFiles.load(directory: "\(folder)/\(name)").map {
      MappingFile(name: $0.name, path: $0.name, text: $0.text)
    }
  }

  /// The good set with one file replaced or added.
  static func examples(with name: String, _ text: String) throws -> [MappingFile] {
    MappingFiles.merged(try examples(), [MappingFile(name: name, path: name, text: Array(text.utf8))])
  }
}
