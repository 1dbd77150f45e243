#pragma once
#include <stddef.h>

/// A file of the top-level folder Mappings, as it was when this was compiled.
struct stock_file {
  /// Its name below the folder.
  const char *_Nonnull name;
  /// Its text.
  const unsigned char *_Nonnull text;
  size_t size;
};

size_t stock_file_count(void);

/// The file of that number, below the count.
struct stock_file stock_file_at(size_t number);
