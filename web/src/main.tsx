import { render } from 'preact'
import { watchModels } from './api/models'
import { App } from './app'
import { followLook } from './parts/look'
import { hearOtherTabs, readChats, sweepBytes } from './store/chats'
import './style/base.css'
import './style/frame.css'
import './style/chat.css'
import './style/text.css'
import './style/images.css'
import './style/server.css'

followLook()
render(<App />, document.getElementById('page')!)
watchModels()
hearOtherTabs()
void readChats().then(sweepBytes)
