// Why: what opens a service is taken from the environment alone, where no command line, file or log shows it.
// Thread: one.
// What holds: it is repeated to nobody, in errors neither.
#pragma once

#include <cstdlib>
#include <string>

#include "cli/config.h"

namespace eai::cli {

inline constexpr const char* k_lighthouse_key = "LIGHTHOUSE_API_KEY";
inline constexpr const char* k_pinning_key = "EAI_PINNING_KEY";
inline constexpr const char* k_cluster_login = "EAI_CLUSTER_LOGIN";

// Empty if it is not set. Blanks around it are dropped. Code::invalid if it has characters that could end a header.
Result<std::string> key_from_environment(const char* name, const Environment& environment = std::getenv);
// "user:password". Only line breaks at its end are dropped. Code::invalid if it does not have that form.
Result<std::string> login_from_environment(const char* name, const Environment& environment = std::getenv);

}  // namespace eai::cli
