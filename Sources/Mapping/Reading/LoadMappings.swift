/// Loads the stock mappings and, over them, the files of a folder, and checks them all.
///
/// The set is nil if anything is wrong with it; notes and warnings leave it usable. A file of the folder replaces the
/// stock one of the same name, others are added.
package func loadMappings(directory: String?) -> (set: MappingSet?, diagnostics: [Diagnostic]) {
  var files = StockMappings.files
  if let directory {
    do {
      files = MappingFiles.merged(files, try MappingFiles.load(directory: directory))
    } catch {
      return (nil, [Diagnostic(.error, error.description, file: error.path)])
    }
  }
  let (set, diagnostics) = MappingReader.read(files: files)
  let isUsable = diagnostics.allSatisfy { $0.severity != .error }
  return (isUsable ? set : nil, diagnostics)
}
