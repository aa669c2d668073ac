# The manual and the shells' completions come from the program itself, whose tables they are made from.
set(manual ${CMAKE_BINARY_DIR}/share/man)
set(completions ${CMAKE_BINARY_DIR}/share/bash-completion/completions/eai
  ${CMAKE_BINARY_DIR}/share/zsh/site-functions/_eai ${CMAKE_BINARY_DIR}/share/fish/vendor_completions.d/eai.fish)
list(GET completions 0 for_bash)
list(GET completions 1 for_zsh)
list(GET completions 2 for_fish)
foreach(file IN LISTS completions)
  get_filename_component(folder ${file} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
endforeach()
add_custom_command(
  OUTPUT ${manual}/made ${completions}
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${manual}
  COMMAND eai __manual ${manual}
  COMMAND eai completion bash > ${for_bash}
  COMMAND eai completion zsh > ${for_zsh}
  COMMAND eai completion fish > ${for_fish}
  COMMAND ${CMAKE_COMMAND} -E touch ${manual}/made
  DEPENDS eai
  COMMENT "Manual and completions")
add_custom_target(words ALL DEPENDS ${manual}/made)
install(DIRECTORY ${manual}/ DESTINATION share/man PATTERN made EXCLUDE)
install(FILES ${for_bash} DESTINATION share/bash-completion/completions)
install(FILES ${for_zsh} DESTINATION share/zsh/site-functions)
install(FILES ${for_fish} DESTINATION share/fish/vendor_completions.d)
install(FILES ${CMAKE_SOURCE_DIR}/docs/json.schema.json DESTINATION share/doc/eai)
