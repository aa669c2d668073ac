// Why: where things lie on this machine, decided in one place.
// Thread: any; reads the environment.
// Source: XDG Base Directory Specification 0.8; on macOS ~/Library/Application Support/eai for data.
#pragma once

#include "util/file.h"
#include "util/result.h"

namespace eai {

struct Folders {
  fs::path home;   // models: $EAI_HOME, else $XDG_DATA_HOME/eai, else ~/.local/share/eai
  fs::path run;    // pid, sockets, lock; 0700: $XDG_RUNTIME_DIR/eai (only if EAI_HOME is unset), else <home>/run
  fs::path state;  // logs: $XDG_STATE_HOME/eai, else ~/.local/state/eai; with EAI_HOME <home>/logs
  fs::path
      configuration;  // config.toml, catalog: $XDG_CONFIG_HOME/eai, else ~/.config/eai; with EAI_HOME <home>/config
  fs::path program;   // this program itself
  fs::path programs;  // this program's own libexec/eai (engines), beside bin/
  fs::path shared;    // this program's own share/eai (demo blocks), beside bin/
};

// Nothing is created. Code::invalid if neither EAI_HOME nor HOME is set or one is not absolute.
Result<Folders> find_folders();

// `run` itself, or where its path is too long for a socket in it, a folder of this user alone with a short path, made if
// it is not there, that is always the same for `run`. Code::io: somebody else has that folder.
Result<fs::path> socket_folder(const fs::path& run);

}  // namespace eai
