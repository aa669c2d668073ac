// Why: one setting of config.toml is read, changed or taken away without a look at the others.
// Thread: any; the calls read and write the file.
// What holds: a file that is written is one that the program can start with, and everything in it but the one key is as
// before. It stays readable for its owner only, if it was, and is made so if it is new or has keys.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "cli/config.h"

namespace eai::cli {

struct ShownSetting {
  boost::json::value value;  // text, number, boolean or list
  std::string from;          // "default", "config.toml", or the name of a variable
};

// What is in effect. Secrets are not shown: of lists of keys only how many there are.
ShownSetting shown_setting(const Setting& setting, const Config& config, const Config& file_alone,
                           const Environment& environment);

// The file is replaced only by a text with which the program can start. Code::invalid says what is wrong, with line and key.
Result<void> replace_configuration(const fs::path& file, const std::string& text);

// The setting of this key. Code::invalid names keys like it.
Result<const Setting*> known_setting(std::string_view key);

// `values`: one, or for a list any number. Code::invalid: the setting does not take them, or they are secret and so do not
// belong on a command line, or the file would not be usable; Code::unsupported as with_toml_value().
Result<void> set_in_file(const fs::path& file, const Setting& setting, const std::vector<std::string>& values);
// It need not be there.
Result<void> unset_in_file(const fs::path& file, const Setting& setting);

}  // namespace eai::cli
