/// One file of a mapping set before it is read.
package struct MappingFile: Sendable, Equatable {
  /// Its name below the folder: `gen-ai.yaml`, `overlays/latency-milliseconds.yaml`. A file replaces the stock one of the
  /// same name.
  package var name: String
  /// What diagnostics and `explain` call it.
  package var path: String
  package var text: [UInt8]

  /// Whether it changes other files.
  package var isOverlay: Bool { name.hasPrefix(Self.overlayFolder) }

  static let overlayFolder = "overlays/"

  package init(name: String, path: String, text: [UInt8]) {
    self.name = name
    self.path = path
    self.text = text
  }
}
