// Why: this tells what a person can do about an error. The room that finds an error does not know how its caller is
// operated, so it names the remedy, and the edge puts it into words: an option of the command line, a field of a page.
// Thread: any; these are plain values.
#pragma once

#include <string_view>

namespace eai {

enum class Hint {
  none,
  allow_plain_http,  // HTTP without TLS may be allowed beyond private addresses
  shorter_context,   // less context needs less memory
  smaller_parts,     // the archive may be cut into smaller parts
  larger_parts,      // or into fewer, larger ones
  archive_format,    // the format `archive` can do what `unixfs` cannot
  embedding_task,    // preserve it as an embedding model
  image_task,        // preserve it as an image model
  join_split_model,  // join the pieces of a split GGUF first
  start_over,        // forget what an earlier, interrupted run has settled
  kubo_address,      // a kubo node may run at another address
  lighthouse_key,    // Lighthouse wants an API key, or another home
  name_provider,     // tell a pinning service who has the blocks
  set_task,          // the task was guessed, and can be given
  set_ram,           // the memory was estimated, and can be given
  stop_server,       // the running server has to be stopped or replaced first
  served_model,      // the running server has to be stopped first, unless the model is to go all the same
  download_model,    // the model has to be downloaded first
  repair_model,      // its damaged bytes can be fetched again
  download_or_file,  // the same, or the path of a file is named
  list_names,        // the names that can be asked for can be listed, and a hash works too
  list_models,       // the models that are here can be listed
  llama_engine,      // llama-server has to be built or named
  image_engine,      // eai-image-engine has to be built or named
  go_online,         // nothing but local folders was asked; gateways may be asked too, or another folder named
  more_gateways,     // the public gateways were left out; they may be asked, or another one named
  try_again,         // the same call goes on from here later; one more gateway may be named
  car_home,          // without a network only a CAR file can be written, or everything computed and nothing sent
};

// The enumerator's name, for programs: "smaller_parts". Empty for none.
std::string_view name_of(Hint hint);
// Hint::none for a name that is not one.
Hint parse_hint(std::string_view name);

}  // namespace eai
