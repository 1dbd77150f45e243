/// Loads the stock mappings and, over them, the files of a folder, and checks them all.
///
/// The set is nil if anything is wrong with it; notes and warnings leave it usable. A file of the folder replaces the
/// stock one of the same name, others are added. Of the stock overlays only those that are named count, of the folder's
/// all. `redaction` is what the settings say about it.
package func loadMappings(
  directory: String?, overlays: [String] = [], redaction: RedactionSettings = RedactionSettings()
) -> (set: MappingSet?, diagnostics: [Diagnostic]) {
  let wanted = Set(overlays.map { "\(MappingFile.overlayFolder)\($0).yaml" })
  let stock = StockMappings.files
  var files = stock.filter { !$0.isOverlay || wanted.contains($0.name) }
  if let directory {
    do {
      files = MappingFiles.merged(files, try MappingFiles.load(directory: directory))
    } catch {
      return (nil, [Diagnostic(.error, error.description, file: error.path)])
    }
  }
  var (set, diagnostics) = MappingReader.read(files: files, redaction: redaction)
  for name in wanted.subtracting(files.map(\.name)).sorted() {
    let known = stock.filter(\.isOverlay).map(\.name).joined(separator: ", ")
    let near = Suggestion.nearest(to: name, of: stock.map(\.name))
    diagnostics.insert(Diagnostic(.error, "no such overlay; there are \(known)", file: name, suggestion: near), at: 0)
  }
  let isUsable = diagnostics.allSatisfy { $0.severity != .error }
  return (isUsable ? set : nil, diagnostics)
}
