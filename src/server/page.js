// Sends what is typed and shows what comes back. The token is kept in this page only.
"use strict";

const field = (id) => document.getElementById(id);

const parsedVariables = () => {
  const text = field("variables").value.trim();
  return text === "" ? {} : JSON.parse(text);
};

const send = async () => {
  const headers = { "Content-Type": "application/json" };
  const token = field("token").value.trim();
  if (token !== "") headers.Authorization = `Bearer ${token}`;
  const body = JSON.stringify({ query: field("query").value, variables: parsedVariables() });
  const response = await fetch("/graphql", { method: "POST", headers, body });
  return JSON.stringify(await response.json(), null, 2);
};

field("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = field("answer");
  answer.textContent = "Waiting for the answer.";
  try {
    answer.textContent = await send();
  } catch (error) {
    answer.textContent = `Not sent, or not answered: ${error.message}`;
  }
});
