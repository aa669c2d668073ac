#include <csignal>

#include "cli/program.h"

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error with a name, not an end without a word
  return eai::cli::run(argc, argv);
}
