/** The page of groups: who works where, and who goes over to another. */
const es = {
  team: {
    open: "Grupos de agentes",
    title: "Grupos de agentes",
    text: "Al cambiar de grupo, el agente sale del suyo enseguida o, si está en una llamada, al terminarla; luego su teléfono se conecta solo en el nuevo, sin recibir llamadas hasta que diga que está listo.",
    back: "Supervisión",
    group: "Grupo",
    groupOf: "Grupo de {{name}}",
    isIn: "{{name}} está en {{group}}",
    willBeIn: "{{name}} pasa a {{group}} al terminar su llamada",
    goesTo: "Pasa a {{group}} al terminar la llamada.",
    stay: "Que se quede",
    moves: "Cambios de grupo",
    noMoves: "Nadie cambió de grupo todavía.",
    afterTheCall: "al terminar la llamada",
    moving: "Al terminar pasa a otro grupo",
  },
};

const en: typeof es = {
  team: {
    open: "Agent groups",
    title: "Agent groups",
    text: "An agent who changes groups leaves his own at once or, in a call, when it is over; then his phone connects by itself in the new one, without calls until he says that he is ready.",
    back: "Supervision",
    group: "Group",
    groupOf: "Group of {{name}}",
    isIn: "{{name}} is in {{group}}",
    willBeIn: "{{name}} goes to {{group}} when the call is over",
    goesTo: "Goes to {{group}} when the call is over.",
    stay: "Let him stay",
    moves: "Changes of group",
    noMoves: "Nobody has changed groups yet.",
    afterTheCall: "when the call is over",
    moving: "Goes to another group after this",
  },
};

const pt: typeof es = {
  team: {
    open: "Grupos e agentes",
    title: "Grupos e seus agentes",
    text: "Ao mudar de grupo, o agente sai do seu na hora ou, se estiver em uma ligação, ao fim dela; depois seu telefone se conecta sozinho no novo, sem ligações até ele dizer que está pronto.",
    back: "Supervisão",
    group: "O grupo",
    groupOf: "O grupo de {{name}}",
    isIn: "{{name}} já está em {{group}}",
    willBeIn: "{{name}} vai para {{group}} ao fim da ligação",
    goesTo: "Vai para {{group}} ao fim da ligação.",
    stay: "Que fique",
    moves: "Mudanças de grupo",
    noMoves: "Ninguém mudou de grupo ainda.",
    afterTheCall: "ao fim da ligação",
    moving: "Depois disto vai para outro grupo",
  },
};

export const team = { es, en, pt };
