# The demo models: found beside the program both in the build tree (share/eai/blocks) and under the install prefix.
file(GLOB demo_blocks CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/demo/blocks/*)
set(demo_folder ${CMAKE_BINARY_DIR}/share/eai/blocks)
set(demo_copies)
foreach(block IN LISTS demo_blocks)
  get_filename_component(cid ${block} NAME)
  add_custom_command(
    OUTPUT ${demo_folder}/${cid}
    COMMAND ${CMAKE_COMMAND} -E copy ${block} ${demo_folder}/${cid}
    DEPENDS ${block})
  list(APPEND demo_copies ${demo_folder}/${cid})
endforeach()
add_custom_target(demo_blocks ALL DEPENDS ${demo_copies})
add_dependencies(eai demo_blocks)
install(FILES ${demo_blocks} DESTINATION share/eai/blocks)

if(BUILD_TESTING)
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  add_test(NAME demo.blocks COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/make_demo_blocks --check)
  set_tests_properties(demo.blocks PROPERTIES TIMEOUT 120)
endif()
