// Why: the built-in rows of the catalog are data and change more often than its code.
// Thread: any; constants.
#pragma once

#include <array>
#include <string_view>

#include "model/metadata.h"

namespace eai::library {

struct BuiltinModel {
  std::string_view name, hash;
  model::Task task;
  double size_gb, ram_gb;
  std::string_view family;
};

// First those shipped with the program (demo/README.md), then those preserved with the original tool, whose sizes and
// memory are as its authors gave them.
inline constexpr std::array<BuiltinModel, 19> k_builtin_models = {{
    {"eai-demo", "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4", model::Task::chat, 0.00335, 0.1, ""},
    {"eai-demo-embed", "bafkreiedjz4uloxocmpnqi22bd5gcc3eu5byushhobz4jnnthjg2lsu4a4", model::Task::embed, 0.000891, 0.1,
     ""},
    {"eai-demo-image", "bafkreigr2iu5jnzi2dbgyl3pjgqkwmxkfvf7j7qb2jk54w6ju664cpuoci", model::Task::image_generation,
     0.00792, 0.1, ""},
    {"qwen3-embedding-0.6b", "bafkreiacd5mwy4a5wkdmvxsk42nsupes5uf4q3dm52k36mvbhgdrez422y", model::Task::embed, 0.649,
     1.16, ""},
    {"qwen3-embedding-4b", "bafkreia7nzedkxlr6tebfxvo552zq7cba6sncloxwyivfl3tpj7hl5dz5u", model::Task::embed, 4.28,
     5.13, ""},
    {"qwen3-1.7b", "bafkreib6pws5dx5ur6exbhulmf35twfcizdkxvup4cklzprlvaervfz5zy", model::Task::chat, 1.83, 5.71,
     "qwen3"},
    {"qwen3-4b", "bafkreiekokvzioogj5hoxgxlorqvbw2ed3w4mwieium5old5jq3iubixza", model::Task::chat, 4.28, 9.5, "qwen3"},
    {"qwen3-8b", "bafkreid5z4lddvv4qbgdlz2nqo6eumxwetwmkpesrumisx72k3ahq73zpy", model::Task::chat, 6.21, 12, "qwen3"},
    {"qwen3-14b", "bafkreiclwlxc56ppozipczuwkmgnlrxrerrvaubc5uhvfs3g2hp3lftrwm", model::Task::chat, 15.7, 19.5,
     "qwen3"},
    {"qwen3-32b", "bafkreihq4usl2t3i6pqoilvorp4up263yieuxcqs6xznlmrig365bvww5i", model::Task::chat, 34.8, 45.3,
     "qwen3"},
    {"qwen3-30b-a3b", "bafkreieroiopteqmtbjadlnpq3qkakdu7omvtuavs2l2qbu46ijnfdo2ly", model::Task::chat, 31, 37.35,
     "qwen3"},
    {"gemma-3-4b", "bafkreiaevddz5ssjnbkmdrl6dzw5sugwirzi7wput7z2ttcwnvj2wiiw5q", model::Task::chat, 3.16, 7.9,
     "gemma-3"},
    {"gemma-3-12b", "bafkreic2bkjuu3fvdoxnvusdt4in6fa6lubzhtjtmcp2zvokvfjpyndakq", model::Task::chat, 8.07, 21.46,
     "gemma-3"},
    {"gemma-3-27b", "bafkreihi2cbsgja5dwa5nsuixicx2x3gbcnh7gsocxbmjxegtewoq2syve", model::Task::chat, 17.2, 38.0,
     "gemma-3"},
    {"gemma-3n-e4b", "bafkreihz3mz422vpoy7sccwj5tujkerxbjxdlmsqqf3ridxbe3m6ipnq5i", model::Task::chat, 7.35, 10.08,
     "gemma-3n"},
    {"lfm2-1.2b", "bafkreiaztifhss23cftya3bkorbsenzohol2oc3dvngo2srbbosko6gmme", model::Task::chat, 0, 0, "lfm2"},
    {"devstral-small", "bafkreih4xgr5t7yc3yooz6i6usgpwhggaobspmgut4rnu42gi6cv77o4em", model::Task::chat, 25.1, 31.71,
     "devstral"},
    {"flux-dev", "bafkreiaha3sjfmv4affmi5kbu6bnayenf2avwafp3cthhar3latmfi632u", model::Task::image_generation, 32, 20,
     ""},
    {"flux-schnell", "bafkreibks5pmc777snbo7dwk26sympe2o24tpqfedjq6gmgghwwu7iio34", model::Task::image_generation, 32,
     20, ""},
}};

}  // namespace eai::library
