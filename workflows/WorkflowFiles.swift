// The built-in workflows as this module's only content: `embeddedText`, which the EmbedText plugin writes from the .yaml files in
// this folder. The examples are not among them.
