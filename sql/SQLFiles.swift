// The SQL of the engine as this module's only content: `embeddedText`, which the EmbedText plugin writes from the .sql files
// below this folder.
