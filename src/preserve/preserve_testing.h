// Why: the tests of this room need files in which no two stretches are alike and which are the same in every run. Only
// tests include this.
// Thread: any.
#pragma once

#include <gtest/gtest.h>

#include "preserve/source_files.h"
#include "util/file.h"

namespace eai::preserve {

inline Bytes pattern(std::size_t size, std::uint32_t seed) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  return out;
}

inline std::shared_ptr<SourceFile> file_of(const fs::path& folder, const std::string& name, const Bytes& bytes) {
  EXPECT_TRUE(write_file_atomic(folder / name, bytes));
  return SourceFile::open(folder, name).value();
}

}  // namespace eai::preserve
