#include "cli/program.h"

#include <cstdio>
#include <string_view>

namespace eai::cli {

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::puts("eai 0.1.0");
    return 0;
  }
  return 2;
}

}  // namespace eai::cli
