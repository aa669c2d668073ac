// Why: one place decides where things are kept on this machine.
// Thread: any; this reads the environment and, without HOME, the system's list of users.
// Source: XDG Base Directory Specification 0.8; on macOS ~/Library/Application Support/eai for data.
#pragma once

#include "util/file.h"
#include "util/result.h"

namespace eai {

struct Folders {
  // Models: $EAI_HOME, else $XDG_DATA_HOME/eai, else ~/.local/share/eai.
  fs::path home;
  // Pid, sockets and lock, for this user alone: $XDG_RUNTIME_DIR/eai (only if EAI_HOME is not set), else <home>/run.
  fs::path run;
  // Logs: with EAI_HOME <home>/logs, else $XDG_STATE_HOME/eai, else ~/.local/state/eai.
  fs::path state;
  // config.toml and catalog: with EAI_HOME <home>/config, else $XDG_CONFIG_HOME/eai, else ~/.config/eai.
  fs::path configuration;
  fs::path program;   // this program itself
  fs::path programs;  // libexec/eai with the engines, beside this program's bin/
  fs::path shared;    // share/eai with the demo blocks, beside this program's bin/
};

// Creates nothing. Without HOME, ~ is the folder that the system's list of users has (getpwuid). Code::invalid if there
// is none either and EAI_HOME is not set, or if one of the variables is not an absolute path.
Result<Folders> find_folders();

// `run` itself, or, if its path is too long for a socket in it, a folder with a short path that belongs to this user
// alone. The same `run` always gives the same folder, which is created if it does not exist. Fails as OwnFolder::make
// (own_folder.h) for a secret one.
Result<fs::path> socket_folder(const fs::path& run);

}  // namespace eai
