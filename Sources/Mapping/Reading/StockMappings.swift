import CStock

/// The mappings that come with the program: the files of the top-level folder Mappings, compiled in by CStock.
package enum StockMappings {
  package static var files: [MappingFile] {
    (0..<stock_file_count()).map { number in
      let file = unsafe stock_file_at(number)
      let name = unsafe String(cString: file.name)
      let text = unsafe [UInt8](UnsafeBufferPointer(start: file.text, count: file.size))
      return MappingFile(name: name, path: "Mappings/\(name)", text: text)
    }
  }
}
