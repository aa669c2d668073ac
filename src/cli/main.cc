#include "cli/program.h"

int main(int argc, char** argv) { return eai::cli::run(argc, argv); }
